"""Django Channels as its documentation builds it: one consumer, one group, the Redis pub/sub layer."""

import os

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
        }
    },
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402 - Django wants its settings first
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from benchmarks.fragment import GROUP, mark  # noqa: E402


class Board(AsyncWebsocketConsumer):
    """One board's socket."""

    async def connect(self) -> None:
        """Join, and greet."""
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()
        await self.send(text_data=mark(0))

    async def disconnect(self, code: int) -> None:
        """Leave."""
        del code
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def board_moved(self, event: dict[str, str]) -> None:
        """Pass a fragment on."""
        await self.send(text_data=event["text"])


application = ProtocolTypeRouter({"websocket": URLRouter([path("ws", Board.as_asgi())])})
