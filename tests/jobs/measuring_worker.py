"""A process that measures what is due and ends: `python -m tests.jobs.measuring_worker`; a test kills it half-way."""

import worker
from app.core import relay
from app.imaging.services.analysing import CONSUMER

if __name__ == "__main__":
    with worker.app.app_context():
        consumer = relay.find(CONSUMER)
        assert consumer is not None
        relay.deliver_due(consumer)
