"""Frames, read back by another implementation of RFC 6455."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, OPEN, Protocol

from app.live import frames


def read(data: bytes) -> Protocol:
    reader = Protocol(CLIENT, state=OPEN, max_size=None)
    reader.receive_data(data)
    return reader


def frames_of(reader: Protocol) -> list[Frame]:
    return [event for event in reader.events_received() if isinstance(event, Frame)]


@given(st.lists(st.text(), max_size=5))
def test_texts_come_back_whole_and_in_order(texts: list[str]) -> None:
    events = frames_of(read(b"".join(frames.text(text) for text in texts)))
    assert [(event.opcode, bytes(event.data).decode(), event.fin) for event in events] == [
        (Opcode.TEXT, text, True) for text in texts
    ]


@given(st.sampled_from([0, 125, 126, 127, 65535, 65536, 70000]))
def test_every_form_of_the_length_is_read(size: int) -> None:
    (event,) = frames_of(read(frames.frame(b"x" * size, frames.TEXT)))
    assert len(event.data) == size


def test_a_ping_is_two_bytes() -> None:
    assert frames.ping() == b"\x89\x00"


@given(st.sampled_from([1008, 1009, 1011, 1012, 1013]), st.text())
def test_a_close_tells_its_code_and_as_much_of_the_reason_as_fits(code: int, reason: str) -> None:
    said = read(frames.close(code, reason)).close_rcvd
    assert said is not None
    assert said.code == code
    assert reason.startswith(said.reason)
    assert min(len(reason.encode()), 120) <= len(said.reason.encode()) <= 123
