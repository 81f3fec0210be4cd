"""What a busy socket still owes its reader: the newest frame per key, and never more than fits."""

MAX_KEYS = 200
MAX_BYTES = 256 * 1024


class OverflowingError(Exception):
    """The reader is too slow for what it follows; only a fresh snapshot helps."""


class Backlog:
    """Frames in waiting, by key, oldest key first; a newer frame takes the older one's place."""

    def __init__(self, *, max_keys: int = MAX_KEYS, max_bytes: int = MAX_BYTES) -> None:
        self._frames: dict[str, bytes] = {}
        self._bytes = 0
        self._max_keys, self._max_bytes = max_keys, max_bytes

    def __len__(self) -> int:
        return len(self._frames)

    def put(self, key: str, frame: bytes) -> bool:
        """Keep a frame; return whether it replaced an older one. Raise OverflowingError, emptied."""
        replaced = self._frames.get(key)
        self._frames[key] = frame
        self._bytes += len(frame) - len(replaced or b"")
        if len(self._frames) > self._max_keys or self._bytes > self._max_bytes:
            self.clear()
            raise OverflowingError
        return replaced is not None

    def take(self) -> bytes:
        """Return the frame whose key has waited longest, or nothing."""
        if not self._frames:
            return b""
        frame = self._frames.pop(next(iter(self._frames)))
        self._bytes -= len(frame)
        return frame

    def drop(self, prefix: str) -> None:
        """Forget the frames whose keys begin so."""
        for key in [key for key in self._frames if key.startswith(prefix)]:
            self._bytes -= len(self._frames.pop(key))

    def clear(self) -> None:
        """Owe nothing."""
        self._frames.clear()
        self._bytes = 0
