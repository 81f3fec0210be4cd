"""A worker of its own, to be killed: `python -m tests.integration.notices.worker_that_dies claim|send`."""

import sys
import time

from app.core import relay
from app.core.relay.claiming import claim
from app.factory import create_app

FOREVER_SECONDS = 600


def main(how: str) -> None:
    """Claim and stand still before sending, or send to a gateway that never answers."""
    with create_app().app_context():
        consumer = relay.find("sms")
        assert consumer is not None
        if how == "claim":
            assert claim(consumer) is not None
            print("claimed", flush=True)  # noqa: T201 - the test waits for this line
            time.sleep(FOREVER_SECONDS)
        relay.deliver_due(consumer)


if __name__ == "__main__":
    main(sys.argv[1])
