"""Server frames of RFC 6455: whole, unmasked, uncompressed; built once and sent to everybody."""

import struct

FINAL = 0x80
TEXT, CLOSE, PING = 0x1, 0x8, 0x9
SHORT, MEDIUM = 126, 1 << 16
LONGEST_CONTROL = 125


def frame(payload: bytes, opcode: int) -> bytes:
    """Return one final frame; the length takes one, three or nine bytes (clause 5.2)."""
    size = len(payload)
    if size < SHORT:
        head = struct.pack("!BB", FINAL | opcode, size)
    elif size < MEDIUM:
        head = struct.pack("!BBH", FINAL | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", FINAL | opcode, 127, size)
    return head + payload


def text(message: str) -> bytes:
    """Return a text frame."""
    return frame(message.encode(), TEXT)


def ping() -> bytes:
    """Return an empty ping: `89 00`."""
    return frame(b"", PING)


def close(code: int, reason: str = "") -> bytes:
    """Return a close frame; a control frame holds 125 bytes at most (clause 5.5)."""
    said = reason.encode()[: LONGEST_CONTROL - 2].decode(errors="ignore").encode()
    return frame(struct.pack("!H", code) + said, CLOSE)
