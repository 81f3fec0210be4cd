"""The gate: who serves loads the app while the house is being prepared, and waits here until it is."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "ANNAE_GATE"


@contextmanager
def shut(path: Path) -> Iterator[None]:
    """Keep the gate shut for this block. The kernel opens it even when the keeper is killed."""
    with path.open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def pass_through(environ: Mapping[str, str]) -> None:
    """Wait until the gate that the supervisor named is open; without a supervisor there is none."""
    if path := environ.get(VARIABLE):
        with Path(path).open() as gate:
            fcntl.flock(gate, fcntl.LOCK_SH)
