"""A stage for the live engine: the real server, real sockets, and a hospital of a few numbers in memory."""

import threading
from collections.abc import Collection, Sequence

from flask import Flask, request
from flask_sock import Sock
from simple_websocket import Server

from app import settings
from app.live import SERVER_OPTIONS, GuardSockets, Live, messages
from app.live.connection import Connection
from app.live.hub import Hub
from app.live.limits import Limits
from app.live.listener import subscribe_to_moves
from app.live.source import Rendered

KEPT_EVENTS = 100


class Numbers:
    """The edge of the house: what the database answers, here counted by hand."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rows: dict[str, int] = {}
        self.ended: set[str] = set()
        self.locked: set[str] = set()
        self.renders = 0
        self.is_down = False

    def move(self, topic: str) -> int:
        """Commit a change."""
        with self.lock:
            self.rows[topic] = self.rows.get(topic, 0) + 1
            return self.rows[topic]

    def seqs(self, topics: Collection[str]) -> dict[str, int]:
        if self.is_down:
            raise ConnectionError("the database is away")
        return {topic: self.rows.get(topic, 0) for topic in topics}

    def alive(self, session_keys: Collection[str]) -> dict[str, bool]:
        return {key: key in self.locked for key in session_keys if key not in self.ended}

    def render(self, topic: str, audience: str) -> Rendered:
        self.renders += 1
        seq = self.rows.get(topic, 0)
        if audience.startswith("json:"):
            return Rendered(seq, f'{{"type":"snapshot","seq":{seq}}}')
        filler = "x" * (70_000 if topic.startswith("huge") else 40_000 if topic.startswith("big") else 10)
        about = f'id="p" hx-swap-oob="morph" data-topic="{topic}" data-seq="{seq}" class="{audience}"'
        return Rendered(seq, f"<p {about}>{filler}</p>")

    def events(self, topic: str, after_seq: int) -> Sequence[tuple[int, str]] | None:
        last = self.rows.get(topic, 0)
        if last - after_seq > KEPT_EVENTS:
            return None
        return [(seq, f'{{"type":"queue.update","seq":{seq}}}') for seq in range(after_seq + 1, last + 1)]

    def release(self) -> None:
        """Hold nothing."""


settings.use(settings.from_environment())
app = Flask(__name__, static_folder=str(settings.ROOT / "static"))
app.config["SOCK_SERVER_OPTIONS"] = SERVER_OPTIONS
app.wsgi_app = GuardSockets(app.wsgi_app)  # type: ignore[method-assign]
sock = Sock(app)
numbers = Numbers()
live = Live(
    lambda: Hub(
        numbers,
        context=app.app_context,
        subscribe=subscribe_to_moves if settings.current().redis_url else None,
        limits=Limits(sockets=60, per_user=3, per_device=2),
    )
)


@sock.route("/ws")
def stage_socket(ws: Server) -> None:
    asked = request.args
    kind = "json" if asked.get("kind") == "json" else "html"
    audience = "json:all" if kind == "json" else asked.get("audience", "ward:ko")
    connection = Connection(
        ws,
        dict.fromkeys(asked["topics"].split(","), audience),
        session_key=asked.get("session", "anne"),
        kind="json" if kind == "json" else "html",
        user_key=asked.get("user", ""),
        device_key=asked.get("device", ""),
        since=messages.since(asked.get("since", "")),
        covered=dict.fromkeys(asked["topics"].split(","), f"covered:{audience}"),
        is_covered=asked.get("session", "anne") in numbers.locked,
    )
    live.serve(
        ws, connection, lambda said: connection.offer("echo", b"\x81" + bytes([len(said)]) + said.encode())
    )


@app.post("/move/<topic>")
def move(topic: str) -> dict[str, int]:
    """Commit, and tell this process unless asked to be silent."""
    for _ in range(int(request.args.get("times", "1"))):
        seq = numbers.move(topic)
        if "silently" not in request.args:
            live.notify(topic, seq)
    return {"seq": seq}


@app.post("/end/<session>")
def end(session: str) -> dict[str, str]:
    numbers.ended.add(session)
    return {}


@app.post("/lock/<session>")
def lock(session: str) -> dict[str, str]:
    numbers.locked.symmetric_difference_update({session})
    return {}


@app.post("/down/<int:is_down>")
def down(*, is_down: int) -> dict[str, str]:
    numbers.is_down = bool(is_down)
    return {}


@app.get("/")
def look() -> dict[str, int]:
    readers = [thread for thread in threading.enumerate() if "simple_websocket" in thread.name]
    return {"renders": numbers.renders, "readers": len(readers)}


PAGE = """<!doctype html><html lang="ko"><head><meta name="csrf-token" content="t">
<meta name="htmx-config"
 content='{{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false}}'>
<script src="/static/vendor/htmx/htmx.min.js" defer></script>
<script src="/static/vendor/idiomorph/idiomorph-ext.min.js" defer></script>
<script src="/static/js/live.js" defer></script>
<script src="/static/vendor/htmx-ext-ws/ws.min.js" defer></script></head>
<body hx-ext="morph" {attributes}>
<div id="live" role="status" data-text-live="live" data-text-delayed="delayed {{seconds}}"
 data-text-stale="stale {{time}}" data-text-polling="polling" data-text-signed-out="signed out"></div>
<button id="call" data-needs-live>call</button>{fragment}
<div id="socket" hx-ext="ws" ws-connect="/ws?topics={topic}&session={session}"></div></body></html>"""
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"


@app.get("/page/<topic>")
def page(topic: str) -> tuple[str, dict[str, str]]:
    asked = request.args
    fragment = numbers.render(topic, "ward:ko").text.replace('hx-swap-oob="morph"', "")
    text = PAGE.format(
        topic=topic, fragment=fragment, session=asked["session"], attributes=asked.get("attributes", "")
    )
    return text, {"Content-Security-Policy": POLICY}


@app.post("/live/ticket")
def ticket() -> tuple[dict[str, str], int]:
    """Refuse where the test says that somebody has been signed out."""
    session = request.headers["Referer"].partition("session=")[2]
    return ({}, 401) if session in numbers.ended else ({"ticket": "once"}, 200)


@app.get("/live/fragment")
def fragment() -> tuple[str, int]:
    rendered = numbers.render(request.args["topic"], "ward:ko")
    return ("", 204) if str(rendered.seq) == request.args["since"] else (rendered.text, 200)
