"""How gunicorn serves Annae: `make run` (all), production's pages, and production's sockets (live)."""
# ruff: noqa: INP001 - gunicorn reads it, nobody imports it

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.core.clock import pause
from app.settings import SettingsError, from_environment

settings = from_environment()
is_live, is_all = settings.process_role == "live", settings.process_role == "all"
if is_live and settings.database.startswith("sqlite"):
    # A greenlet that holds BEGIN IMMEDIATE yields to one that waits for it in C: the process stands still.
    raise SettingsError("PROCESS_ROLE=live needs MySQL or MariaDB; with SQLite run PROCESS_ROLE=all")

bind = f"{settings.host}:{settings.port}"
worker_class = "gevent" if is_live else "gthread"
workers = 1 if is_all else os.cpu_count() or 1
# Each socket of `all` holds a thread; pages alone need few, and short queues keep their p99 low.
threads = settings.threads if is_all else min(16, settings.threads)
# gthread keeps connections alive only where connections outnumber threads.
worker_connections = 10_000 if is_live else settings.threads + 1000
keepalive = 15
timeout = 30
graceful_timeout = 3
forwarded_allow_ips = "127.0.0.1,::1"
accesslog = None
errorlog = "-"
loglevel = settings.log_level.lower()
control_socket_disable = True  # gunicorn 27 would open one in the home directory
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeats must not wait for a disk
GRACE_SECONDS = graceful_timeout + 0.5
PARENT_LOOK_SECONDS = 0.3


def post_worker_init(worker: Any) -> None:
    """Say goodbye to the sockets at SIGTERM, and do not outlive the master."""
    from app import live  # noqa: PLC0415 - after the fork and gevent's patches

    threading.Thread(target=_leave_with, args=(worker.ppid,), daemon=True, name="leash").start()
    serve_out = signal.getsignal(signal.SIGTERM)

    def leave(number: int, frame: FrameType | None) -> None:
        live.goodbye()  # else gunicorn waits for sockets that nobody closes, and browsers see 1006
        if callable(serve_out):
            serve_out(number, frame)

    signal.signal(signal.SIGTERM, leave)


def _leave_with(master: int) -> None:
    """End when the master is gone: an orphan's open sockets would keep it serving for ever."""
    while os.getppid() == master:
        pause(PARENT_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    pause(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
