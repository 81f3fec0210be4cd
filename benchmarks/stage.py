"""Annae's live engine as the product serves it, over a hospital of one number: the database is not measured here."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from flask import Flask, request
from flask_sock import Sock
from simple_websocket import Server

from app import settings
from app.live import SERVER_OPTIONS, GuardSockets, Live
from app.live.connection import Connection
from app.live.hub import Hub
from app.live.limits import Limits
from app.live.listener import subscribe_to_moves
from app.live.messages import Notice
from app.live.source import Rendered
from benchmarks.fragment import fragment


class Numbers:
    """The source; what a notice says counts as committed. A topic's name ends in its fragment's size."""

    def __init__(self) -> None:
        self._seqs: dict[str, int] = {}

    def listen(self) -> Iterator[str | None]:
        """Follow the product's channel, and believe it."""
        for line in subscribe_to_moves():
            if line and (notice := Notice.parse(line)):
                self._seqs[notice.topic] = notice.seq
            yield line

    def seqs(self, topics: Collection[str]) -> dict[str, int]:
        """Return what was heard."""
        return {topic: self._seqs.get(topic, 0) for topic in topics}

    def alive(self, session_keys: Collection[str]) -> Mapping[str, bool]:
        """Let everybody stay, and no screen be covered."""
        return dict.fromkeys(session_keys, False)

    def render(self, topic: str, audience: str) -> Rendered:
        """Return the fragment."""
        del audience
        seq = self._seqs.get(topic, 0)
        return Rendered(seq, fragment(seq, int(topic.rpartition(":")[2])))

    def events(self, topic: str, after_seq: int) -> Sequence[tuple[int, str]] | None:
        """Keep none."""
        del topic, after_seq
        return None

    def release(self) -> None:
        """Hold nothing."""


settings.use(settings.from_environment())
app = Flask(__name__)
app.config["SOCK_SERVER_OPTIONS"] = SERVER_OPTIONS
app.wsgi_app = GuardSockets(app.wsgi_app)  # type: ignore[method-assign]
sock = Sock(app)
numbers = Numbers()
live = Live(
    lambda: Hub(
        numbers,
        context=app.app_context,
        subscribe=numbers.listen,
        limits=Limits(sockets=settings.current().threads),
    )
)


@sock.route("/ws")
def board(ws: Server) -> None:
    """Hold one board's socket."""
    live.serve(ws, Connection(ws, {f"board:{request.args['size']}": "board:ko"}, session_key="board"))
