"""The machine under the figures: what it is, how busy it was before we began, and what a process used."""

import os
import platform
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

QUIET_LOAD = 0.5
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
OUR_PACKAGES = ("flask", "gunicorn", "gevent", "simple-websocket", "sqlalchemy", "pymysql", "redis")
PEER_PACKAGES = ("django", "channels", "channels-redis", "uvicorn", "websockets")


def describe() -> dict[str, str]:
    """Return what somebody needs who wants to compare."""
    return {
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in OUR_PACKAGES},
    }


def peers(python: Path) -> dict[str, str]:
    """Return the versions of what we are measured against, asked of its own environment."""
    script = "import importlib.metadata as m, sys; print(*(m.version(name) for name in sys.argv[1:]))"
    found = subprocess.run([python, "-c", script, *PEER_PACKAGES], capture_output=True, text=True, check=True)
    return dict(zip(PEER_PACKAGES, found.stdout.split(), strict=True))


def load() -> float:
    """Return the load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def open_many_files() -> None:
    """Raise this process's limit of open files, and so its children's, as far as it is allowed."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def beside(*, servers: bool) -> Iterator[None]:
    """Start what is started here on the first core (servers) or on the others (clients, Redis)."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[:1] if servers else cores[1:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def family(pid: int) -> list[int]:
    """Return a process and its children: gunicorn's master and its worker are one server."""
    children: list[int] = []
    with suppress(OSError):
        children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [pid, *(grandchild for child in children for grandchild in family(child))]


def cpu_seconds(pids: list[int]) -> float:
    """Return user and system time; it is counted in steps of 10 ms, so measure many events at once."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_SECOND


def resident_kb(pids: list[int]) -> int:
    """Return the memory in use."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
