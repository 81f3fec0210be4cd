"""Die with the parent: nothing of ours outlives the process that started it, however that one ended."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

POLL_SECONDS = 0.3
GRACE_SECONDS = 2.5
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux for a KILL when the thread that started us ends; elsewhere do nothing."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def tie(*, parent: int | None = None, grace: float = GRACE_SECONDS) -> None:
    """Watch the parent from a thread: once it is gone, TERM ourselves, and KILL `grace` seconds later."""

    def leave() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(grace)
        os.kill(os.getpid(), signal.SIGKILL)

    _when_orphaned(parent or os.getppid(), leave)


def hold(parent: int, command: Sequence[str]) -> int:
    """Run a foreign command that dies with `parent`; return its exit code."""
    child = subprocess.Popen(command, preexec_fn=die_with_parent)  # noqa: S603, PLW1509 - no threads yet

    def leave() -> None:
        child.terminate()
        threading.Event().wait(GRACE_SECONDS)
        _sweep()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: child.terminate())
    _when_orphaned(parent, leave)
    code = child.wait()
    if os.getppid() != parent:  # whatever the child left behind goes too
        _sweep()
    return code if code >= 0 else 128 - code


def holding(command: Sequence[str]) -> list[str]:
    """Return `command` on a leash that this process holds; start it in a session of its own."""
    # -S -E: the leash needs no packages, and 6 MB is all it may cost.
    return [sys.executable, "-S", "-E", __file__, str(os.getpid()), *command]


def _sweep() -> None:
    if os.getpgrp() == os.getpid():  # never the terminal's group
        os.killpg(0, signal.SIGKILL)


def _when_orphaned(parent: int, act: Callable[[], None]) -> None:
    def watch() -> None:
        pause = threading.Event()
        while os.getppid() == parent:
            pause.wait(POLL_SECONDS)
        act()

    threading.Thread(target=watch, daemon=True, name="leash").start()


if __name__ == "__main__":
    sys.exit(hold(int(sys.argv[1]), sys.argv[2:]))
