"""One connection over a real pair of sockets, with a reader that takes its time."""

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from simple_websocket import Server
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, OPEN, Protocol

from app.live import frames
from app.live.connection import Connection, Kind
from app.live.drain import Drain
from app.live.guard import GuardedSocket

TOPIC = "queue:1"
UPGRADE = {
    "HTTP_HOST": "localhost",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": base64.b64encode(bytes(16)).decode(),
}


@dataclass
class Pair:
    """A connection and its reader, who reads only when told."""

    connection: Connection
    peer: socket.socket
    recovered: list[Connection] = field(default_factory=list)
    events: list[Frame] = field(default_factory=list)
    reader: Protocol = field(default_factory=lambda: Protocol(CLIENT, state=OPEN, max_size=None))

    def read(self, seconds: float = 0.4) -> list[str]:
        """Read until nothing comes any more; return the texts."""
        self.peer.settimeout(seconds)
        try:
            while data := self.peer.recv(1 << 20):
                self.reader.receive_data(data)
        except TimeoutError:
            pass
        fresh = [event for event in self.reader.events_received() if isinstance(event, Frame)]
        self.events += fresh
        return [bytes(event.data).decode() for event in fresh if event.opcode is Opcode.TEXT]


Make = Callable[..., Pair]


@pytest.fixture
def make() -> Iterator[Make]:
    pairs: list[Pair] = []

    def make(kind: Kind = "html", stall_seconds: float = 10.0, since: dict[str, int] | None = None) -> Pair:
        ours, peer = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        ws = Server({**UPGRADE, "gunicorn.socket": GuardedSocket(ours)}, max_message_size=4096)
        assert peer.recv(4096).startswith(b"HTTP/1.1 101")
        connection = Connection(ws, {TOPIC: "ward:ko"}, session_key="s", kind=kind, since=since)
        pair = Pair(connection, peer)
        drain = Drain(stall_seconds=stall_seconds, on_recovered=pair.recovered.append)
        threading.Thread(target=drain.run, daemon=True).start()
        connection.on_busy = drain.add
        pairs.append(pair)
        return pair

    yield make
    for pair in pairs:
        pair.connection.kill()
        pair.connection.ws.thread.join(2)
        pair.peer.close()
        pair.connection._raw.close()


def fill(connection: Connection, seq: int = 1, size: int = 200_000) -> None:
    """Send more than the kernel takes."""
    connection.offer_state(TOPIC, seq, frames.text(f"<{seq}>" + "x" * size))
    assert connection.is_busy


def numbers(texts: list[str]) -> list[str]:
    return [text[1:].partition(">")[0] for text in texts]


def test_what_is_offered_before_the_opening_is_sent_at_the_opening(make: Make) -> None:
    pair = make()
    pair.connection.offer_state(TOPIC, 3, frames.text("<3>"))
    assert pair.read(0.1) == []
    pair.connection.open()
    assert pair.read(0.1) == ["<3>"]


def test_a_seq_that_is_not_newer_is_refused(make: Make) -> None:
    pair = make(since={TOPIC: 4, "unknown": 9})
    pair.connection.open()
    for seq in (3, 4, 6, 5, 6, 7):
        pair.connection.offer_state(TOPIC, seq, frames.text(f"<{seq}>"))
    assert numbers(pair.read(0.1)) == ["6", "7"]


def test_a_slow_reader_gets_the_half_sent_frame_whole_and_then_only_the_newest(make: Make) -> None:
    pair = make()
    pair.connection.open()
    fill(pair.connection)
    for seq in range(2, 200):
        pair.connection.offer_state(TOPIC, seq, frames.text(f"<{seq}>" + "y" * 1000))
        pair.connection.offer("heartbeat", frames.text(f"<beat {seq}>"))
    assert numbers(pair.read()) == ["1", "199", "beat 199"]
    assert not pair.connection.is_busy


def test_a_pong_is_never_written_inside_a_frame(make: Make) -> None:
    pair = make()
    pair.connection.open()
    fill(pair.connection)
    pair.peer.sendall(b"\x89\x82\x00\x00\x00\x00hi")
    time.sleep(0.1)
    pair.connection.offer_state(TOPIC, 2, frames.text("<2>"))
    pair.read()
    assert [event.opcode for event in pair.events] == [Opcode.TEXT, Opcode.PONG, Opcode.TEXT]


def test_events_are_never_conflated(make: Make) -> None:
    pair = make(kind="json", since={TOPIC: 0})
    pair.connection.open()
    pair.connection.offer_event(TOPIC, 1, frames.text("<1>" + "x" * 200_000))
    for seq in (*range(2, 60), 99):
        pair.connection.offer_event(TOPIC, seq, frames.text(f"<{seq}>"))
    assert numbers(pair.read()) == [str(seq) for seq in range(1, 60)]


def test_one_who_cannot_follow_at_all_begins_anew(make: Make) -> None:
    pair = make(kind="json", since={TOPIC: 0})
    pair.connection.open()
    pair.connection.offer_event(TOPIC, 1, frames.text("<1>" + "x" * 200_000))
    for seq in range(2, 210):
        pair.connection.offer_event(TOPIC, seq, frames.text(f"<{seq}>"))
    assert not pair.connection.is_behind(TOPIC, 300)
    assert numbers(pair.read()) == ["1"]
    assert pair.recovered == [pair.connection]
    assert pair.connection.is_behind(TOPIC, 0)


def test_one_who_takes_nothing_at_all_is_cut_off(make: Make) -> None:
    pair = make(stall_seconds=0.3)
    pair.connection.open()
    time.sleep(0.4)  # an idle reader is not a stalled one
    fill(pair.connection)
    reading = pair.connection.ws.thread
    reading.join(0.1)
    assert reading.is_alive()
    reading.join(1.5)
    assert not reading.is_alive()


def test_one_who_pings_and_never_reads_is_cut_off(make: Make) -> None:
    pair = make()
    pair.connection.open()
    fill(pair.connection)
    pair.peer.sendall((b"\x89\xfd\x00\x00\x00\x00" + bytes(125)) * 100)
    pair.connection.ws.thread.join(2)
    assert pair.connection.is_over


def test_nothing_follows_a_goodbye(make: Make) -> None:
    pair = make()
    pair.connection.open()
    fill(pair.connection)
    pair.connection.offer("heartbeat", frames.text("<beat>"))
    pair.connection.close(1012, "restart")
    pair.connection.offer("heartbeat", frames.text("<late>"))
    assert numbers(pair.read()) == ["1"]
    assert pair.reader.close_rcvd is not None
    assert pair.reader.close_rcvd.code == 1012


def test_nothing_follows_the_answer_to_a_peer_who_goes(make: Make) -> None:
    pair = make()
    pair.connection.open()
    pair.reader.send_close(1000)
    for data in pair.reader.data_to_send():
        pair.peer.sendall(data)
    pair.connection.ws.thread.join(2)
    pair.connection.offer_state(TOPIC, 9, frames.text("too late"))
    assert pair.read() == []
    assert pair.events[-1].opcode is Opcode.CLOSE


def test_a_peer_that_never_answers_a_goodbye_outstays_its_welcome(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.connection.GOODBYE_SECONDS", 0.1)
    pair = make()
    pair.connection.close(1012)
    assert not pair.connection.has_outstayed()
    time.sleep(0.2)
    assert pair.connection.has_outstayed()


def test_silence_after_a_ping_is_noticed(make: Make) -> None:
    pair = make()
    pair.connection.open()
    assert pair.connection.ping(dead_after_seconds=0.1)
    time.sleep(0.2)
    assert not pair.connection.ping(dead_after_seconds=0.1)
    pair.peer.sendall(b"\x8a\x80\x00\x00\x00\x00")
    time.sleep(0.1)
    assert pair.connection.ping(dead_after_seconds=0.1)


def test_writers_in_many_threads_never_mix_their_frames(make: Make) -> None:
    pair = make(kind="json")
    pair.connection.open()

    def offer(name: int) -> None:
        for at in range(40):
            pair.connection.offer(f"{name}.{at}", frames.text(f"<{name}.{at}>" + str(name) * 2000))

    threads = [threading.Thread(target=offer, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    texts = pair.read()
    for thread in threads:
        thread.join()
    assert texts
    assert all(
        len(set(text.partition(">")[2])) == 1 and len(text.partition(">")[2]) == 2000 for text in texts
    )
    for name in range(4):
        seen = [int(number.partition(".")[2]) for number in numbers(texts) if number.startswith(f"{name}.")]
        assert seen == sorted(seen)
