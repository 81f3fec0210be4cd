"""Who may open one more socket: the house, each member of staff and each device have a limit."""

from collections import Counter
from dataclasses import dataclass

from app.live import metrics
from app.live.connection import Connection
from app.live.messages import Close

THREADS_FOR_PAGES = 32


class NotAdmittedError(Exception):
    """No room now: the page polls, and comes back."""

    def __init__(self, code: Close, limit: str) -> None:
        super().__init__(limit)
        self.code, self.limit = code, limit


@dataclass(frozen=True, slots=True)
class Limits:
    """Open sockets of one process."""

    sockets: int = 256 - THREADS_FOR_PAGES
    per_user: int = 5
    per_device: int = 2


class Admission:
    """The count of open sockets. All refusals say 1013: 1008 would send the page to sign-in."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._all = 0
        self._users: Counter[str] = Counter()
        self._devices: Counter[str] = Counter()

    def admit(self, connection: Connection) -> None:
        """Count a socket in. Raise NotAdmittedError."""
        user, device = connection.user_key, connection.device_key
        for limit, is_reached in (
            ("sockets", self._all >= self._limits.sockets),
            ("user", bool(user) and self._users[user] >= self._limits.per_user),
            ("device", bool(device) and self._devices[device] >= self._limits.per_device),
        ):
            if is_reached:
                metrics.refused.labels(limit=limit).inc()
                raise NotAdmittedError(Close.FULL, limit)
        self._count(user, device, 1)

    def dismiss(self, connection: Connection) -> None:
        """Count a socket out."""
        self._count(connection.user_key, connection.device_key, -1)

    def _count(self, user: str, device: str, step: int) -> None:
        self._all += step
        for counter, key in ((self._users, user), (self._devices, device)):
            counter[key] += step
            if counter[key] <= 0:
                del counter[key]
