"""The outbox: promises are delivered by whichever worker is there, and by the clock where none is."""

from app.core import jobs, relay
from app.core.jobs import Job

# What the clock itself may spend on one consumer: it has other duties, and it comes again in 5 s.
CLOCK_SECONDS = 2.0
# What is begun within it is done to its end.
ONE_SECONDS = 1.0


def deliver_promises(consumer: str) -> int:
    """Deliver what is due for a consumer; the lease keeps two runs apart, so it may run twice."""
    jobs.begun(Job.DELIVER_PROMISES, consumer)
    found = relay.find(consumer)
    return relay.deliver_due(found) if found is not None else 0


def deliver_slowly(consumer: str) -> int:
    """Deliver one thing that is due for a consumer, and ask for the next: the worker's other jobs come in between."""
    jobs.begun(Job.DELIVER_SLOWLY, consumer)
    found = relay.find(consumer)
    if found is None:
        return 0
    done = relay.deliver_due(found, most_seconds=ONE_SECONDS)
    if done and relay.is_anything_due(found):
        jobs.enqueue(Job.DELIVER_SLOWLY, consumer)
    return done


def sweep_promises() -> int:
    """Wake a worker for each consumer with something due; deliver here where there is no worker."""
    due = [consumer for consumer in relay.registered() if relay.is_anything_due(consumer)]
    if not due:
        return 0
    has_worker = jobs.workers_alive() > 0
    done = 0
    for consumer in due:
        if not (has_worker and jobs.enqueue(jobs.delivering(consumer.name), consumer.name)):
            done += relay.deliver_due(consumer, most_seconds=CLOCK_SECONDS)
    return done


def reap_leases() -> int:
    """Take back what a dead worker held."""
    return relay.reap([consumer.name for consumer in relay.registered()])
