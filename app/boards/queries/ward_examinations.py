"""What a doctor may add to a patient's day: every service that some open queue offers, and where it would stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.core.db import db
from app.journey import rules
from app.journey.models import VisitStep
from app.journey.states import OPEN_STEPS, StepStatus
from app.queues.models import Service


@dataclass(frozen=True, slots=True)
class Named:
    """A step in words."""

    name_ko: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """A service that may be added: what to do before it, its line, which steps go first, which wait for it."""

    code: str
    name_ko: str
    name_en: str
    preparation_ko: str
    preparation_en: str
    waiting_count: int
    wait_minutes: int | None
    first: tuple[Named, ...]
    later: tuple[Named, ...]
    is_planned: bool


def seen(steps: Sequence[VisitStep], *, done: int | None = None) -> list[rules.Step]:
    """Return steps as the rules see them, as if one were done."""
    return [
        rules.Step(
            id=step.id,
            ordinal=step.ordinal,
            service_code=step.service_code,
            is_mandatory=step.is_mandatory,
            status=StepStatus.DONE if step.id == done else StepStatus(step.status),
            after=tuple(step.after),
        )
        for step in steps
    ]


def examinations(
    steps: Sequence[tuple[VisitStep, Service]], lines: Mapping[int, Sequence[Any]]
) -> tuple[Examination, ...]:
    """Return what may be added to these steps; 1 statement. `lines`: by service, its open queues with their lines."""
    offered = db.session.execute(
        select(Service).where(Service.id.in_(lines)).order_by(Service.name_ko)
    ).scalars()
    names = {step.ordinal: Named(service.name_ko, service.name_en) for step, service in steps}
    own = seen([step for step, _ in steps])
    known = {service.code: service.follows for _, service in steps}
    return tuple(
        _examination(service, own, names, known | {service.code: service.follows}, lines[service.id])
        for service in offered
    )


def _examination(
    service: Service,
    own: Sequence[rules.Step],
    names: Mapping[int, Named],
    follows: Mapping[str, Sequence[str]],
    lines: Sequence[Any],
) -> Examination:
    *others, new = rules.extended(own, service.code, is_mandatory=True, follows=follows)
    waits = [one.wait_minutes for one in lines if one.wait_minutes is not None]
    return Examination(
        code=service.code,
        name_ko=service.name_ko,
        name_en=service.name_en,
        preparation_ko=service.preparation_ko,
        preparation_en=service.preparation_en,
        waiting_count=sum(one.waiting_count for one in lines),
        wait_minutes=min(waits, default=None),
        first=tuple(names[ordinal] for ordinal in new.after),
        later=tuple(names[other.ordinal] for other in others if new.ordinal in other.after),
        is_planned=any(one.service_code == service.code and one.status in OPEN_STEPS for one in own),
    )
