"""What readers get: every state, once, in order, however they read; over the real server."""

import asyncio
import json
import socket
import time
from statistics import median

import pytest
from websockets.asyncio.client import connect

from tests.live.clients import fragment, message, seq_of, topic, until
from tests.live.theatre import Stage

pytestmark = pytest.mark.anyio


async def test_twenty_readers_get_each_move_and_no_seq_ever_falls(stage: Stage) -> None:
    queue = topic()
    readers = [await connect(f"{stage.ws}?topics={queue}") for _ in range(20)]
    await asyncio.gather(*(until(reader, 0) for reader in readers))
    before = stage.get()["renders"]
    seconds = []
    for seq in range(1, 6):
        begin = time.monotonic()
        await asyncio.to_thread(stage.post, f"/move/{queue}")
        seen = await asyncio.gather(*(until(reader, seq) for reader in readers))
        assert seen == [[seq]] * 20
        seconds.append(time.monotonic() - begin)
    assert min(seconds[1:]) < 1, "they are told, and do not find it by looking"
    assert stage.get()["renders"] - before == 5
    await asyncio.gather(*(reader.close() for reader in readers))


async def test_many_moves_at_once_end_at_the_newest_and_never_go_back(stage: Stage) -> None:
    queue = topic()
    async with connect(f"{stage.ws}?topics={queue}") as reader:
        await until(reader, 0)
        await asyncio.gather(*(asyncio.to_thread(stage.post, f"/move/{queue}?times=20") for _ in range(5)))
        seen = await until(reader, 100)
        assert seen == sorted(set(seen))


async def test_one_who_has_the_present_gets_only_a_heartbeat(stage: Stage) -> None:
    queue = topic()
    stage.post(f"/move/{queue}?times=3")
    async with connect(f"{stage.ws}?topics={queue}&since={queue}=3") as current:
        first = json.loads(await current.recv())
        assert (first["type"], first["seq"]) == ("heartbeat", {queue: 3})
    async with connect(f"{stage.ws}?topics={queue}&since={queue}=2") as late:
        assert seq_of(str(await late.recv())) == 3
    async with connect(f"{stage.ws}?topics={queue}&since={queue}=9") as from_another_database:
        assert seq_of(str(await from_another_database.recv())) == 3


async def test_each_audience_gets_its_own_fragment(stage: Stage) -> None:
    queue = topic()
    async with (
        connect(f"{stage.ws}?topics={queue}&audience=ward:ko") as ward,
        connect(f"{stage.ws}?topics={queue}&audience=board:en") as board,
    ):
        assert 'class="ward:ko"' in await fragment(ward)
        assert 'class="board:en"' in await fragment(board)


async def test_a_reader_that_never_reads_delays_nobody(stage: Stage) -> None:
    queue = topic("big")
    sleeper = socket.create_connection(("127.0.0.1", stage.port))
    sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sleeper.sendall(
        f"GET /ws?topics={queue} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    async with connect(f"{stage.ws}?topics={queue}") as reader:
        await until(reader, 0)
        seconds = []
        for seq in range(1, 40):
            begin = time.monotonic()
            await asyncio.to_thread(stage.post, f"/move/{queue}")
            await until(reader, seq)
            seconds.append(time.monotonic() - begin)
        assert median(seconds) < 1
    sleeper.close()


async def test_a_fragment_above_64_kb_is_fetched_by_the_page(stage: Stage) -> None:
    queue = topic("huge")
    async with connect(f"{stage.ws}?topics={queue}") as reader:
        assert await message(reader, "reload") == {"type": "reload", "topic": queue, "seq": 0}


async def test_a_line_moves_at_most_once_a_second_and_ends_at_the_newest(stage: Stage) -> None:
    line = topic("line")
    async with connect(f"{stage.ws}?topics={line}") as phone:
        await until(phone, 0)
        begin = time.monotonic()
        for _ in range(15):
            await asyncio.to_thread(stage.post, f"/move/{line}")
            await asyncio.sleep(0.1)
        seen = await until(phone, 15)
        assert len(seen) <= time.monotonic() - begin + 2


async def test_a_json_reader_gets_every_event_without_gap(stage: Stage) -> None:
    queue = topic()
    async with connect(f"{stage.ws}?topics={queue}&kind=json") as reader:
        assert (await message(reader, "snapshot"))["seq"] == 0
        await asyncio.gather(*(asyncio.to_thread(stage.post, f"/move/{queue}?times=10") for _ in range(4)))
        assert [(await message(reader, "queue.update"))["seq"] for _ in range(40)] == list(range(1, 41))
        beat = await message(reader, "heartbeat")
        assert beat["seq"] == 40


async def test_a_json_reader_resumes_by_replay_or_by_snapshot(stage: Stage) -> None:
    queue = topic()
    stage.post(f"/move/{queue}?times=150")
    async with connect(f"{stage.ws}?topics={queue}&kind=json&since={queue}=147") as reader:
        assert [(await message(reader, "queue.update", "snapshot"))["seq"] for _ in range(3)] == [
            148,
            149,
            150,
        ]
        await reader.send('{"type":"resume","after_seq":146}')
        assert [(await message(reader, "queue.update"))["seq"] for _ in range(4)] == [147, 148, 149, 150]
        await reader.send('{"type":"resume","after_seq":3}')
        assert await message(reader, "queue.update", "snapshot") == {"type": "snapshot", "seq": 150}
        await reader.send('{"type":"resume","after_seq":999}')
        assert await message(reader, "queue.update", "snapshot") == {"type": "snapshot", "seq": 150}
