"""The limit: one asyncio process that does nothing but hand Redis' messages to `websockets.broadcast`."""

import asyncio
import sys

from redis.asyncio import Redis
from websockets.asyncio.server import ServerConnection, broadcast, serve

from benchmarks.fragment import CHANNEL, mark

clients: set[ServerConnection] = set()


async def hold(client: ServerConnection) -> None:
    """Hold one socket."""
    clients.add(client)
    try:
        await client.send(mark(0))
        await client.wait_closed()
    finally:
        clients.discard(client)


async def main(port: int, address: str) -> None:
    """Serve for ever."""
    async with Redis.from_url(address, socket_timeout=None).pubsub() as channel:
        await channel.subscribe(CHANNEL)
        async with serve(hold, "127.0.0.1", port, compression=None, ping_interval=None, backlog=2048):
            async for message in channel.listen():
                if message["type"] == "message":
                    broadcast(clients, message["data"].decode())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
