"""Workers that can be killed at any moment: each line asked for forks one, and answers with its pid.

`python -m tests.integration.fhir.nursery SETTINGS MUTANT` has everything imported, so that a worker works at once.
"""

import json
import os
import sys
from dataclasses import replace

from app import settings
from app.core import clock, relay
from app.core.db import db
from app.factory import create_app
from app.fhir.mappers import checking
from tests.integration.fhir import mutants

# A life in fast motion: a lease of 9 s instead of 3 min, back-off from half a second instead of a minute.
SEND_SECONDS, FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 1.5, 0.5, 4.0


def in_fast_motion(consumer: relay.Consumer) -> relay.Consumer:
    """Return a consumer whose leases and pauses a test can wait for."""
    return replace(
        consumer,
        send_seconds=SEND_SECONDS,
        first_backoff_seconds=FIRST_BACKOFF_SECONDS,
        longest_backoff_seconds=LONGEST_BACKOFF_SECONDS,
    )


def work(name: str) -> None:
    """Deliver and reap until somebody kills us."""
    found = relay.find(name)
    assert found is not None
    consumer = in_fast_motion(found)
    while True:
        relay.reap([name])
        if not relay.deliver_due(consumer, most_seconds=2):
            clock.pause(0.05)


def main() -> None:
    """Fork a worker for each line."""
    app = create_app(settings.load(json.loads(sys.argv[1])))
    mutants.become(sys.argv[2])
    # Before the first fork: the libraries that judge what is sent take their time.
    checking.prepare()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            with app.app_context():
                db.engine.dispose(close=False)
                work(line.strip())
        print(child, flush=True)  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main()
