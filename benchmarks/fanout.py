"""Fan-out: one event to the last of N sockets, and what becomes of them when some never read."""

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.settings import ROOT
from benchmarks import machine
from benchmarks.fragment import FANOUT_BYTES, SLOW_BYTES
from benchmarks.report import Section
from benchmarks.servers import OURS, PEERS, redis_server, serving

THREADS_BESIDE_SOCKETS = 64
AUDIENCE_SECONDS = 240
ANNAE, GEVENT, BARE, CHANNELS = "annae", "annae gevent", "bare websockets", "django channels"


@dataclass(frozen=True, slots=True)
class Design:
    """A way to push: how it is started and how it is told of an event."""

    name: str
    publish: Literal["notice", "text", "group"]
    command: Callable[[int, str, int], Sequence[str | Path]]  # port, Redis, sockets
    environ: dict[str, str]


def _annae(worker: str) -> Callable[[int, str, int], Sequence[str | Path]]:
    return lambda port, _redis, sockets: [
        *(
            OURS,
            "-m",
            "gunicorn",
            "-c",
            "deploy/gunicorn.py",
            "--bind",
            f"127.0.0.1:{port}",
            "--workers",
            "1",
        ),
        *("--worker-class", worker, "--threads", str(sockets + THREADS_BESIDE_SOCKETS)),
        *("--worker-connections", str(sockets + 1000), "benchmarks.stage:app"),
    ]


DESIGNS = (
    Design(ANNAE, "notice", _annae("gthread"), {"THREADS": "2048", "LOG_LEVEL": "WARNING"}),
    Design(GEVENT, "notice", _annae("gevent"), {"THREADS": "2048", "LOG_LEVEL": "WARNING"}),
    Design(
        BARE,
        "text",
        lambda port, address, _: [PEERS, "-m", "benchmarks.peers.broadcast", str(port), address],
        {},
    ),
    Design(
        CHANNELS,
        "group",
        lambda port, _redis, _sockets: [
            *(PEERS, "-m", "uvicorn", "--port", str(port), "--log-level", "warning", "--no-access-log"),
            *("--ws-per-message-deflate", "false", "--ws-ping-interval", "3600", "--ws-ping-timeout", "3600"),
            "benchmarks.peers.channels_site:application",
        ],
        {},
    ),
)


def fanout(folder: Path, *, sockets: int, events: int, repetitions: int, designs: Sequence[str]) -> Section:
    """Measure publish to last of N, CPU per message and memory per socket, designs in turn."""
    section = Section(f"fanout {sockets}", f"One event to {sockets} sockets, one process, {FANOUT_BYTES} B")
    for turn in range(repetitions):
        for design in _in_turn(designs, turn):
            found = run(folder, design, sockets=sockets, events=events, size=FANOUT_BYTES)
            section.add(
                design.name,
                last_ms=found["last_ms"],
                max_ms=found["max_ms"],
                cpu_us_per_message=found["cpu_us"],
                kb_per_socket=found["socket_kb"],
                open_s=found["open_seconds"],
            )
            _check(section, design.name, found)
    gates = {CHANNELS: (None, 0.2), BARE: (None, 1.3)}
    for peer, (last, cpu) in gates.items():
        section.compare(f"last of N: annae / {peer}", ANNAE, peer, "last_ms", at_most=last)
        section.compare(f"CPU per message: annae / {peer}", ANNAE, peer, "cpu_us_per_message", at_most=cpu)
        section.compare(f"memory per socket: annae / {peer}", ANNAE, peer, "kb_per_socket")
    section.compare("last of N: annae gevent / bare websockets", GEVENT, BARE, "last_ms")
    section.compare("last of N: annae gevent / annae", GEVENT, ANNAE, "last_ms")
    section.notes.append(
        "Annae's figures hold its heartbeats (one per socket each 1.5 s); the peers send none."
    )
    return section


def slow_clients(
    folder: Path, *, sockets: int, slow: int, events: int, repetitions: int, designs: Sequence[str]
) -> Section:
    """Measure what the others notice of readers that never read."""
    section = Section(
        "slow clients",
        f"{slow} of {sockets} sockets never read, {SLOW_BYTES // 1000} KB per event, {events} events",
    )
    for turn in range(repetitions):
        for design in _in_turn(designs, turn):
            for silent in (0, slow):
                found = run(
                    folder, design, sockets=sockets - silent, slow=silent, events=events, size=SLOW_BYTES
                )
                case = f"{design.name}, {silent} slow"
                section.add(
                    case, last_ms=found["last_ms"], max_ms=found["max_ms"], grown_mb=found["grown_kb"] / 1024
                )
                _check(section, case, found)
    for name in designs:
        section.compare(
            f"last of the rest: {name}, with / without slow",
            f"{name}, {slow} slow",
            f"{name}, 0 slow",
            "last_ms",
            at_most=1.5 if name == ANNAE else None,
        )
    return section


def run(
    folder: Path, design: Design, *, sockets: int, events: int, size: int, slow: int = 0
) -> dict[str, Any]:
    """Run one repetition of one design with a Redis and a server of its own."""
    with redis_server(_fresh(folder)) as address:
        environ = {"REDIS_URL": address, "VAR_DIR": str(folder), "APP_ENV": "test", **design.environ}
        with serving(
            lambda port: design.command(port, address, sockets + slow), log=folder / "server.log", **environ
        ) as server:
            asked = {
                "port": server.port,
                "pids": server.pids,
                "redis": address,
                "publish": design.publish,
                "sockets": sockets,
                "slow": slow,
                "events": events,
                "size": size,
                "pause_seconds": 0.02,
            }
            with machine.beside(servers=False):
                done = subprocess.run(
                    [PEERS, "-m", "benchmarks.audience", json.dumps(asked)],
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                    timeout=AUDIENCE_SECONDS,
                    check=False,
                )
            if done.returncode:
                words = (folder / "server.log").read_text(errors="replace")[-500:]
                raise RuntimeError(f"{design.name}: {done.stderr[-800:]}\n{words}")
            return dict(json.loads(done.stdout))


def _in_turn(names: Sequence[str], turn: int) -> list[Design]:
    """Return the designs in an order that changes: nobody always comes after the heaviest."""
    chosen = [design for design in DESIGNS if design.name in names]
    return chosen[turn % len(chosen) :] + chosen[: turn % len(chosen)]


def _check(section: Section, case: str, found: dict[str, Any]) -> None:
    if found["lost"]:
        words = f"{case}: a reader did not get an event within 15 s"
        (section.faults if case.startswith(ANNAE) else section.notes).append(words)


def _fresh(folder: Path) -> Path:
    """Return a folder that is not there yet under `folder`."""
    made = folder / f"run-{sum(1 for _ in folder.iterdir())}"
    made.mkdir()
    return made
