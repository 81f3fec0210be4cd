"""Who may open a socket of the real house, and what ends it."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from tests.browser.conftest import House
from tests.cast import PASSWORD
from tests.pages import TOKEN

pytestmark = pytest.mark.processes
T = TypeVar("T")


def run(scene: Coroutine[Any, Any, T]) -> T:
    """Play a scene in a thread of its own: the browser of other tests keeps this one's event loop."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, scene).result()


class Nurse:
    """A signed-in browser without a window: its cookies, its token, its tickets."""

    def __init__(self, house: House, name: str) -> None:
        self.house = house
        self.client = httpx.Client(base_url=house.url)
        found = TOKEN.search(self.client.get("/login").text)
        assert found
        answer = self.client.post(
            "/login", data={"csrf_token": found.group(1), "username": name, "password": PASSWORD}
        )
        assert answer.status_code == 303
        found = TOKEN.search(self.client.get("/login").text)
        assert found
        self.token = found.group(1)

    @property
    def cookies(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())

    def ticket(self) -> str:
        answer = self.client.post("/live/ticket", headers={"X-CSRFToken": self.token})
        assert answer.status_code == 200
        return str(answer.json()["ticket"])

    def sign_out(self) -> None:
        assert self.client.post("/logout", data={"csrf_token": self.token}).status_code == 303

    def socket(self, topic: str, *, origin: str | None = None, ticket: str | None = None) -> connect:
        ticket = self.ticket() if ticket is None else ticket
        address = f"{self.house.url.replace('http', 'ws')}/ws/live?topics={quote(topic)}&ticket={ticket}"
        return connect(
            address,
            origin=Origin(origin if origin is not None else self.house.url),
            additional_headers={"Cookie": self.cookies},
        )


@pytest.fixture
def anne(house: House) -> Iterator[Nurse]:
    nurse = Nurse(house, "anne")
    yield nurse
    nurse.client.close()


async def refusal(socket: connect) -> int:
    """Return the status with which a handshake was refused, 101 if it was not."""
    try:
        async with socket:
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://annae.evil.example"])
def test_a_foreign_page_opens_no_socket(house: House, anne: Nurse, origin: str) -> None:
    topic = f"queue:{house.hospital.consult}"
    assert run(refusal(anne.socket(topic, origin=origin))) == 403


def test_a_ticket_opens_one_socket(house: House, anne: Nurse) -> None:
    topic, ticket = f"queue:{house.hospital.consult}", anne.ticket()
    assert run(refusal(anne.socket(topic, ticket=ticket))) == 101
    assert run(refusal(anne.socket(topic, ticket=ticket))) == 401
    assert run(refusal(anne.socket(topic, ticket="invented"))) == 401


def test_another_wards_topic_is_not_found(house: House, anne: Nurse) -> None:
    assert run(refusal(anne.socket(f"queue:{house.hospital.elsewhere}"))) == 404
    assert run(refusal(anne.socket("queue:nonsense"))) == 404
    assert run(refusal(anne.socket(""))) == 404


def test_the_socket_of_somebody_who_signs_out_is_closed(house: House, anne: Nurse) -> None:
    async def scene() -> tuple[str, int | None]:
        async with anne.socket(f"queue:{house.hospital.consult}") as socket:
            first = await asyncio.wait_for(socket.recv(), 5)
            await asyncio.to_thread(anne.sign_out)
            try:
                async with asyncio.timeout(2):
                    while True:
                        await socket.recv()
            except ConnectionClosed:
                return str(first), socket.close_code

    first, code = run(scene())
    assert 'id="queue"' in first
    assert code == 1008, "signed out, within two seconds"


def test_a_partner_follows_a_queue_without_gap(house: House) -> None:
    answer = httpx.post(f"{house.url}/api/v1/auth/login", json={"username": "anne", "password": PASSWORD})
    token = answer.json()["access_token"]
    queue = house.hospital.consult

    async def scene() -> list[dict[str, object]]:
        heard: list[dict[str, object]] = []
        address = f"{house.url.replace('http', 'ws')}/ws/queue/{queue}"
        async with connect(address, additional_headers={"Authorization": f"Bearer {token}"}) as socket:
            heard.append(json.loads(await asyncio.wait_for(socket.recv(), 5)))
            await asyncio.to_thread(house.waiting, "이첫째", "이둘째")
            async with asyncio.timeout(10):
                while len([one for one in heard if one["type"] == "queue.update"]) < 2:
                    heard.append(json.loads(await socket.recv()))
        return heard

    heard = run(scene())
    assert heard[0]["type"] in {"snapshot", "heartbeat"}
    moves = [int(str(one["seq"])) for one in heard if one["type"] == "queue.update"]
    assert moves == list(range(moves[0], moves[0] + len(moves)))
    assert "이첫째" not in json.dumps(heard, ensure_ascii=False), "numbers and ids, no names"
    assert all(set(one) == {"seq", "type", "data", "timestamp"} for one in heard)


def test_a_stranger_and_a_foreign_origin_with_a_token_are_refused(house: House) -> None:
    address = f"{house.url.replace('http', 'ws')}/ws/queue/{house.hospital.consult}"
    assert run(refusal(connect(address))) == 401
    assert run(refusal(connect(address, additional_headers={"Authorization": "Bearer x.y.z"}))) == 401
    answer = httpx.post(f"{house.url}/api/v1/auth/login", json={"username": "anne", "password": PASSWORD})
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert run(refusal(connect(address, additional_headers=headers))) == 101
    foreign = connect(address, additional_headers=headers, origin=Origin("https://evil.example"))
    assert run(refusal(foreign)) == 403
