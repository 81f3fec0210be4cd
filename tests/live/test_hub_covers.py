"""What the readers of a locked screen get, over the real server: another audience, at once, without Redis."""

import asyncio
import json
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.live.clients import topic
from tests.live.theatre import Stage

pytestmark = pytest.mark.anyio
CLASS = 'class="covered:ward:ko"'


async def frame(reader: ClientConnection, begin: str) -> str:
    """Return the next frame that begins so."""
    async with asyncio.timeout(10):
        while not (text := str(await reader.recv())).startswith(begin):
            pass
    return text


async def test_a_locked_screen_gets_the_covered_state_and_the_open_one_back(stage: Stage) -> None:
    session, queue = uuid4().hex, topic()
    async with (
        connect(f"{stage.ws}?topics={queue}&session={session}") as locked,
        connect(f"{stage.ws}?topics={queue}") as other,
    ):
        assert CLASS not in await frame(locked, "<p")
        assert CLASS not in await frame(other, "<p")
        await asyncio.to_thread(stage.post, f"/lock/{session}")
        assert CLASS in await frame(locked, "<p"), "the same seq, for another audience"
        await asyncio.to_thread(stage.post, f"/move/{queue}")
        assert CLASS in await frame(locked, "<p")
        assert CLASS not in await frame(other, "<p"), "whoever sits elsewhere reads on"
        async with connect(f"{stage.ws}?topics={queue}&session={session}&since={queue}=1") as late:
            await asyncio.to_thread(stage.post, f"/move/{queue}")
            assert CLASS in await frame(late, "<p")
        await asyncio.to_thread(stage.post, f"/lock/{session}")
        text = await frame(locked, "<p")
        while CLASS in text:  # the move before it
            text = await frame(locked, "<p")
        assert 'data-seq="2"' in text


async def test_a_locked_clients_events_stop_and_begin_anew_with_a_snapshot(stage: Stage) -> None:
    session, queue = uuid4().hex, topic()
    async with connect(f"{stage.ws}?topics={queue}&session={session}&kind=json") as reader:
        await frame(reader, '{"type":"snapshot"')
        await asyncio.to_thread(stage.post, f"/lock/{session}")
        assert "covered:json:all" in await frame(reader, "<p")
        await asyncio.to_thread(stage.post, f"/move/{queue}?times=3")
        assert "covered:json:all" in await frame(reader, "<p")
        await asyncio.to_thread(stage.post, f"/lock/{session}")
        heard = json.loads(await frame(reader, '{"type":"snapshot"'))
        assert heard["seq"] == 3
