"""Measure: `python -m benchmarks [--quick] [part…]`. Every figure stands beside a peer of the same run."""

import argparse
import sys
import tempfile
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.core import clock
from app.settings import ROOT
from benchmarks import clinic_waits, emr, fanout, imaging, inference, machine, orders, pages, pipeline, race
from benchmarks.fanout import ANNAE, BARE, CHANNELS, GEVENT
from benchmarks.report import Report, Section
from benchmarks.servers import PEERS

RESULTS = ROOT / "benchmarks" / "results"
SOCKETS = (200, 1000)
# Their peers are formulas of the textbook, and the same server asked without us.
NEEDS_NO_PEERS = {"waits", "emr", "orders", "imaging", "inference", "pipeline"}
MARIADB = "mysql+pymysql://root@127.0.0.1:3306"
Part = Callable[[Path], Section]


def parts(asked: argparse.Namespace) -> dict[str, list[Part]]:
    """Return what may be measured, by name, with the counts of the mode."""
    quick: bool = asked.quick
    sockets = asked.sockets or ([100] if quick else list(SOCKETS))
    designs = (ANNAE, BARE, CHANNELS) if quick else (ANNAE, GEVENT, BARE, CHANNELS)
    times = asked.repetitions
    return {
        "fanout": [
            partial(
                fanout.fanout,
                sockets=count,
                events=max(20, (6_000 if quick else 40_000) // count),
                repetitions=times or (1 if quick else 5),
                designs=designs,
            )
            for count in sockets
        ],
        "slow": [
            partial(
                fanout.slow_clients,
                sockets=100 if quick else 300,
                slow=10,
                events=20 if quick else 100,
                repetitions=times or (1 if quick else 3),
                designs=(ANNAE,) if quick else designs,
            )
        ],
        "pages": [
            partial(pages.ward_page, seconds=1.0 if quick else 4.0, repetitions=times or (2 if quick else 5))
        ],
        "statements": [partial(pages.statements, crowds=(1, 15) if quick else (1, 15, 100))],
        "race": [
            partial(
                race.race,
                mariadb_url=asked.mariadb,
                callers=15 if quick else 50,
                waiting=10 if quick else 40,
                repetitions=times or (1 if quick else 3),
            )
        ],
        "emr": [
            partial(
                emr.emr,
                mariadb_url=asked.mariadb,
                changes=500 if quick else 10_000,
                finished=5_000 if quick else 100_000,
                repetitions=times or (1 if quick else 3),
            )
        ],
        "orders": [
            partial(
                orders.place,
                mariadb_url=asked.mariadb,
                threads=8,
                count=200 if quick else 4_000,
                repetitions=times or (1 if quick else 5),
            )
        ],
        "imaging": [
            partial(imaging.frames, seconds=1.0 if quick else 4.0, repetitions=times or (2 if quick else 5))
        ],
        "inference": [
            partial(
                inference.handing_over, slices=10 if quick else 100, repetitions=times or (1 if quick else 3)
            )
        ],
        "pipeline": [partial(pipeline.studies, count=times or (2 if quick else 10))],
        "waits": [
            partial(clinic_waits.waits, seeds=(1,), train=25, test=10) if quick else clinic_waits.waits
        ],
    }


def main() -> int:
    """Measure what was asked for; 1 where something was wrong (slow is not wrong)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "part",
        nargs="*",
        help="fanout, slow, pages, statements, race, emr, orders, imaging, inference, pipeline, waits (all)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="small counts, under a minute: shows that it works"
    )
    parser.add_argument(
        "--sockets", type=int, action="append", help=f"fan-out to N sockets (default {SOCKETS})"
    )
    parser.add_argument("--repetitions", type=int, help="repetitions of each part")
    parser.add_argument(
        "--mariadb", default=MARIADB, help="server for the race; a private one where it is away"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for <mode>.json and <mode>.md")
    asked = parser.parse_args()
    known = parts(asked)
    if unknown := set(asked.part) - set(known):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    needs_peers = not asked.part or set(asked.part) - NEEDS_NO_PEERS
    if needs_peers and not PEERS.exists():
        parser.error(f"the peers are not installed in {PEERS.parents[1].name}; `make bench` does it")
    machine.open_many_files()
    report = Report(
        mode="quick" if asked.quick else "full",
        at=clock.utcnow().isoformat(timespec="minutes"),
        machine={**machine.describe(), **(machine.peers(PEERS) if needs_peers else {})},
        parts=tuple(asked.part),
        load_before=machine.load(),
    )
    for name, measured in known.items():
        for part in measured if name in (asked.part or known) else ():
            print(f"… {name}", file=sys.stderr, flush=True)
            report.sections.append(_measured(name, part))
    print(report.markdown())
    print(report.write(asked.results), file=sys.stderr)
    return 1 if report.faults else 0


def _measured(name: str, part: Part) -> Section:
    before = machine.load()
    with tempfile.TemporaryDirectory(prefix="annae-bench-") as folder:
        try:
            section = part(Path(folder))
        except Exception as error:  # noqa: BLE001 - the other parts are worth having, and this one is told
            traceback.print_exc()
            section = Section(name, name, faults=[f"{type(error).__name__}: {error}"])
    section.load_before, section.load_after = before, machine.load()
    return section


if __name__ == "__main__":
    sys.exit(main())
