"""How sockets end, and how the engine mends itself, over the real server."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import pytest
import redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.live.clients import closing, fragment, message, topic, until
from tests.live.theatre import Stage, wait_until

pytestmark = pytest.mark.anyio
GEVENT = {"PROCESS_ROLE": "live", "DATABASE_URL": "mysql://nowhere/annae"}


async def test_an_ended_session_is_closed_within_two_seconds_without_redis(stage: Stage) -> None:
    session = uuid4().hex
    async with (
        connect(f"{stage.ws}?topics={topic()}&session={session}") as ended,
        connect(f"{stage.ws}?topics={topic()}") as other,
    ):
        await fragment(ended)
        await asyncio.to_thread(stage.post, f"/end/{session}")
        code, seconds = await closing(ended)
        assert (code, seconds <= 2) == (1008, True)
        assert (await message(other, "heartbeat"))["type"] == "heartbeat"


async def test_a_move_that_nobody_told_is_shown_within_two_seconds(stage: Stage) -> None:
    queue = topic()
    async with connect(f"{stage.ws}?topics={queue}") as reader:
        await until(reader, 0)
        await asyncio.to_thread(stage.post, f"/move/{queue}?silently")
        begin = time.monotonic()
        assert await until(reader, 1) == [1]
        assert time.monotonic() - begin <= 2


async def test_a_database_that_is_away_gives_no_heartbeat(start: Callable[..., Stage]) -> None:
    stage = start()
    queue = topic()
    async with connect(f"{stage.ws}?topics={queue}") as reader:
        await until(reader, 0)
        await asyncio.to_thread(stage.post, "/down/1")
        await asyncio.sleep(0.1)
        while True:
            try:
                await asyncio.wait_for(reader.recv(), 0.05)
            except TimeoutError:
                break
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.recv(), 2)
        await asyncio.to_thread(stage.post, "/down/0")
        assert "heartbeat" in str(await asyncio.wait_for(reader.recv(), 2))


async def test_a_message_of_five_megabytes_is_refused(stage: Stage) -> None:
    for _ in range(5):  # in some of which the library wakes its receiver too early
        async with connect(f"{stage.ws}?topics={topic()}") as reader:
            with suppress(ConnectionClosed):
                await reader.send("x" * 5_000_000)
            assert (await closing(reader))[0] == 1009


async def test_the_eleventh_message_within_a_second_is_one_too_many(stage: Stage) -> None:
    async with connect(f"{stage.ws}?topics={topic()}") as reader:
        for _ in range(10):
            await reader.send("hello")
        await reader.send("hello")
        assert (await closing(reader))[0] == 1008


async def test_bytes_are_not_understood(stage: Stage) -> None:
    async with connect(f"{stage.ws}?topics={topic()}") as reader:
        await reader.send(b"hello")
        assert (await closing(reader))[0] == 1003


async def test_one_socket_too_many_is_asked_to_come_back(stage: Stage) -> None:
    for key, allowed in (("user", 3), ("device", 2)):
        address = f"{stage.ws}?topics={topic()}&{key}={uuid4().hex}"
        held = [await connect(address) for _ in range(allowed)]
        await asyncio.gather(*(fragment(one) for one in held))
        async with connect(address) as refused:
            assert (await closing(refused))[0] == 1013
        await held.pop().close()
        async with connect(address) as admitted:
            await fragment(admitted)
        await asyncio.gather(*(one.close() for one in held))


async def test_the_house_is_full_and_pages_are_still_served(start: Callable[..., Stage]) -> None:
    stage = start()
    sockets = await asyncio.gather(*(connect(f"{stage.ws}?topics=queue:1") for _ in range(65)))
    codes = await asyncio.gather(*(asyncio.create_task(_code_or_none(one)) for one in sockets))
    assert sorted(code or 0 for code in codes) == [0] * 60 + [1013] * 5
    await asyncio.to_thread(stage.get)
    await asyncio.gather(*(one.close() for one in sockets))


async def _code_or_none(ws: ClientConnection) -> int | None:
    try:
        await fragment(ws)
    except ConnectionClosed:
        return ws.close_code
    return None


async def test_sockets_that_come_and_go_leave_no_thread_behind(stage: Stage) -> None:
    async def visit(*, politely: bool) -> None:
        ws = await connect(f"{stage.ws}?topics={topic()}")
        await fragment(ws)
        await ws.close() if politely else ws.transport.abort()

    for _ in range(2):
        await asyncio.gather(*(visit(politely=at % 2 == 0) for at in range(20)))
    await asyncio.to_thread(wait_until, lambda: stage.get()["readers"] == 0)


@pytest.mark.parametrize("environ", [{}, GEVENT], ids=["gthread", "gevent"])
async def test_a_server_that_stops_says_come_back_to_all(
    start: Callable[..., Stage], environ: dict[str, str]
) -> None:
    stage = start("--workers", "1", **environ)
    queue = topic()
    readers = [await connect(f"{stage.ws}?topics={queue}") for _ in range(10)]
    await asyncio.gather(*(fragment(reader) for reader in readers))
    await asyncio.to_thread(stage.post, f"/move/{queue}")
    assert await asyncio.gather(*(until(reader, 1) for reader in readers)) == [[1]] * 10
    stage.process.send_signal(signal.SIGTERM)
    ends = await asyncio.gather(*(closing(reader) for reader in readers))
    assert [code for code, _ in ends] == [1012] * 10
    await asyncio.to_thread(stage.process.wait, 6)


async def test_an_orphan_does_not_go_on_serving(start: Callable[..., Stage]) -> None:
    stage = start()
    async with connect(f"{stage.ws}?topics={topic()}") as reader:
        await fragment(reader)
        stage.process.kill()
        assert (await closing(reader, 6))[0] == 1012


async def test_redis_tells_other_processes_and_its_death_heals(
    start: Callable[..., Stage], redis_server: tuple[subprocess.Popen[bytes], int]
) -> None:
    server, port = redis_server
    stage = start(REDIS_URL=f"redis://127.0.0.1:{port}/0")
    publisher = redis.Redis(port=port)
    queue = topic()
    async with connect(f"{stage.ws}?topics={queue}") as reader:
        await until(reader, 0)
        await asyncio.sleep(0.3)
        seconds = []
        for seq in range(1, 5):  # who only looked would find each a whole round after the one before
            await asyncio.to_thread(stage.post, f"/move/{queue}?silently")
            begin = time.monotonic()
            assert publisher.publish("annae:moves", f"{queue}|{seq}|queue.update|a,b") == 1
            assert await until(reader, seq) == [seq]
            seconds.append(time.monotonic() - begin)
        assert min(seconds[1:]) < 0.5
        publisher.publish("annae:moves", "nonsense")

        server.kill()
        await asyncio.to_thread(stage.post, f"/move/{queue}?silently")
        assert await until(reader, 5) == [5]
    publisher.close()
