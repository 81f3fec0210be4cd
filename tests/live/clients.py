"""Readers of the live tests: what they wait for, and how they end."""

import asyncio
import json
import re
import time
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed


def topic(kind: str = "queue") -> str:
    return f"{kind}:{uuid4().hex}"


def seq_of(text: str) -> int:
    found = re.search(r'data-seq="(\d+)"', text)
    assert found
    return int(found[1])


async def fragment(ws: ClientConnection) -> str:
    """Return the next fragment; heartbeats pass."""
    async with asyncio.timeout(4):
        while True:
            text = str(await ws.recv())
            if text.startswith("<"):
                return text


async def until(ws: ClientConnection, seq: int) -> list[int]:
    """Read fragments up to a seq."""
    seen = [seq_of(await fragment(ws))]
    while seen[-1] < seq:
        seen.append(seq_of(await fragment(ws)))
    return seen


async def message(ws: ClientConnection, *kinds: str) -> dict[str, Any]:
    """Return the next JSON message of these types."""
    async with asyncio.timeout(4):
        while True:
            text = str(await ws.recv())
            if text.startswith("{") and (said := json.loads(text))["type"] in kinds:
                return dict(said)


async def closing(ws: ClientConnection, seconds: float = 4) -> tuple[int | None, float]:
    """Read until the end; return the code and how long it took."""
    begin = time.monotonic()
    async with asyncio.timeout(seconds):
        try:
            while True:
                await ws.recv()
        except ConnectionClosed:
            return ws.close_code, time.monotonic() - begin
