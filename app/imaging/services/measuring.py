"""A volume is measured by a model of the house, wherever that one runs; its breaker counts what may pass."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from app import settings
from app.core.errors import DependencyDownError
from app.core.transaction import release
from app.imaging.services import engines
from app.imaging.services.guarding import guarded
from app.inference import registry
from app.inference.engines import Offered
from app.inference.errors import PermanentError, TransientError, reason_of
from app.inference.findings import Result
from app.inference.registry import Arm, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.inference.engines import Engine
    from app.inference.volume import Volume
    from app.settings.inference import ModelShare

T = TypeVar("T")
# Longer than one run may take, so that nobody else tries while one is under way.
PROBE_BEYOND: Final = timedelta(minutes=1)


def plan_for(study_instance_uid: str) -> Plan:
    """Return which model answers for a study, and which are asked in its shadow: always the same ones."""
    set_ = settings.current()
    return registry.plan(
        study_instance_uid,
        [_arm(one) for one in set_.trial_arms],
        [_arm(one) for one in set_.shadow_arms],
        trial=set_.inference_trial,
    )


def measure(volume: "Volume", model_id: str, version: str | None = None) -> Result:
    """Return what a model says of a volume, outside of any unit of work; not analysable is an answer.

    Raise TransientError where it may succeed later, PermanentError where it never will.
    """
    return _asked(lambda engine: engine.run(volume, model_id, version))


def offered() -> Offered:
    """Return the models that may be asked for. Raise TransientError, PermanentError."""
    return _asked(lambda engine: engine.offered())


def is_ready(model_id: str, version: str | None = None) -> bool:
    """Whether this version of a model would answer now. Raise NoSuchModelError, TransientError."""
    return _asked(lambda engine: engine.is_ready(model_id, version))


def check(model_id: str, version: str) -> None:
    """Load this version where it runs, and measure nothing. Raise TransientError, PermanentError by what is wrong."""
    _asked(lambda engine: engine.check(model_id, version))


def _asked(ask: "Callable[[Engine], T]") -> T:
    release()  # nobody's connection waits for a model
    engine = engines.configured()
    try:
        if not engine.is_outside:
            return ask(engine)
        return guarded(
            lambda: _named(lambda: ask(engine)),
            name=engine.name,
            what="model",
            down=TransientError,
            answers=(PermanentError,),
            probe_for=timedelta(seconds=settings.current().inference_seconds) + PROBE_BEYOND,
        )
    except DependencyDownError as error:
        wait = error.details.get("retry_after")
        raise TransientError("left alone", retry_after_seconds=float(str(wait or 0))) from error


def _named(ask: "Callable[[], T]") -> T:
    """Ask. Raise TransientError or PermanentError, whatever went wrong: the breaker knows no third."""
    try:
        return ask()
    except Exception as error:
        raise reason_of(error) from error


def _arm(share: "ModelShare") -> Arm:
    return Arm(share.model_id, share.version, share.weight)
