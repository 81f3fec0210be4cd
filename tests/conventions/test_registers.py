"""Names that the code looks up at run time exist: jobs, queues of jobs, reactions to events."""

from ast import FunctionDef
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import get_args, get_type_hints

import app
from app.core.events import Event
from app.core.idempotency import _presented
from app.core.jobs import LIMITS, QUEUES, Job
from app.jobs.clock import DUTIES
from app.subscribers import REACTIONS
from tests.conventions.sources import imported, trees


def all_events(of: type[Event] = Event) -> Iterator[type[Event]]:
    for event in of.__subclasses__():
        # A dataclass with slots is made twice; the module holds the one that is told.
        is_ours = event.__module__.startswith("app.")
        if is_ours and getattr(import_module(event.__module__), event.__name__, None) is event:
            yield event
        yield from all_events(event)


def load_everything() -> None:
    for found in walk_packages(app.__path__, "app."):
        import_module(found.name)


def test_every_job_name_is_a_function_with_limits() -> None:
    assert LIMITS.keys() == set(Job)
    for job in Job:
        module, _, name = str(job).rpartition(".")
        function = getattr(import_module(module), name)
        assert callable(function)
        hints = {hint for key, hint in get_type_hints(function).items() if key != "return"}
        assert hints <= {str}, f"{job}: ids in"


def test_every_queue_of_jobs_has_a_worker() -> None:
    assert {limits.queue for limits in LIMITS.values()} <= set(QUEUES)
    assert "app.core.jobs.QUEUES" in {name for name, _ in imported(trees()["worker.py"])}


def test_jobs_of_the_room_are_named_or_are_duties_or_reactions() -> None:
    named = {str(job) for job in Job}
    done = {f"{duty.work.__module__}.{duty.work.__name__}" for duty in DUTIES}
    reacted = {f"{one.__module__}.{one.__name__}" for row in REACTIONS.values() for one in row}
    public = {
        f"app.jobs.{path.removeprefix('app/jobs/').removesuffix('.py')}.{node.name}"
        for path, tree in trees().items()
        if path.startswith("app/jobs/") and not path.endswith("clock.py")
        for node in tree.body
        if isinstance(node, FunctionDef) and not node.name.startswith("_")
    }
    assert public <= named | done | reacted


def test_every_event_has_a_row_of_reactions() -> None:
    load_everything()
    assert set(all_events()) == REACTIONS.keys()


def test_events_are_told_in_the_past_tense_and_hold_ids_only() -> None:
    load_everything()
    for event in all_events():
        assert event.__name__.endswith(("ed", "Ended")), event
        for name, hint in get_type_hints(event).items():
            assert name in {"topic", "seq", "kind", "ids", "seconds"} or name.endswith(("_id", "_ids")), (
                event,
                name,
            )
            assert hint in {str, int} or "UUID" in str(hint) or set(get_args(hint)) <= {int, ...}


def test_a_key_is_never_left_in_the_context() -> None:
    assert _presented.get() is None
