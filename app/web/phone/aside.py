"""Out of the line and back into it by the patient's own hand: for a moment, after a missed call, for good."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from app import settings
from app.accounts.roles import Permission
from app.boards import queries as boards
from app.boards.queries import MyVisit
from app.core import clock
from app.core.errors import InvalidError, TransitionRefusedError
from app.door import actor, back_to, field, requires, show, uuid_field, version_field
from app.door.language import named
from app.journey import services as journey
from app.journey.states import OPEN_STEPS, Command
from app.web.phone.visit import mine, repainted

ENDS = (Command.CANCEL, Command.LEAVE)


@dataclass(frozen=True, slots=True)
class Reason:
    """Something to choose as a reason: what the form carries, what it says, how it looks."""

    code: str
    words: Any
    icon: str = ""


AWAY = (
    Reason("toilet", _l("To the toilet"), "toilet"),
    Reason("meal", _l("To eat or drink"), "utensils"),
    Reason("call", _l("To make a phone call"), "phone"),
    Reason("other", _l("Something else"), "footprints"),
)
CANCELLING = (
    Reason("personal", _l("Something came up")),
    Reason("better", _l("I feel better")),
    Reason("waiting", _l("The wait is too long")),
    Reason("elsewhere", _l("I go to another hospital")),
)


def register(blueprint: Blueprint) -> None:
    """Add the ways out and back; every one that changes something is a POST."""
    for rule, view, method in (
        ("/me/away", step_out, "GET"),
        ("/me/away", go_away, "POST"),
        ("/me/back", come_back, "POST"),
        ("/me/re-enter", re_enter, "POST"),
        ("/me/stop", stop, "GET"),
        ("/me/cancel", cancel, "POST"),
        ("/me/go-home", go_home, "POST"),
    ):
        blueprint.add_url_rule(rule, view_func=view, methods=[method])


@requires(Permission.GUIDE_OWN_VISIT)
def step_out() -> str:
    """Ask where the patient goes, and say until when the place is kept."""
    visit = boards.my_visit(mine(), by=actor())
    _check(visit, Command.HOLD)
    minutes = visit.entry.hold_minutes if visit.entry else 0
    return show(
        "phone/away.html",
        visit=visit,
        until=clock.utcnow() + timedelta(minutes=minutes),
        reasons=AWAY,
    )


@requires(Permission.GUIDE_OWN_VISIT)
def go_away() -> Response:
    """Keep the place while the patient is away (E1)."""
    journey.hold(uuid_field("entry"), version=version_field(), reason=_said(AWAY), by=actor())
    return back_to("phone.my_visit")


@requires(Permission.GUIDE_OWN_VISIT)
def come_back() -> Response:
    """Wait again, at the old place (E2)."""
    journey.resume(uuid_field("entry"), version=version_field(), by=actor())
    return repainted()


@requires(Permission.GUIDE_OWN_VISIT)
def re_enter() -> Response:
    """Wait again after a missed call, some places behind the next (V6a)."""
    journey.re_enter(uuid_field("entry"), version=version_field(), by=actor())
    return repainted()


@requires(Permission.GUIDE_OWN_VISIT)
def stop() -> str:
    """Ask which end is meant, then ask once more; nothing is done before the last button."""
    visit = boards.my_visit(mine(), by=actor())
    offered = [command for command in ENDS if command in visit.offers]
    asked = request.args.get("how", "")
    how = next(
        (command for command in offered if command == asked), offered[0] if len(offered) == 1 else None
    )
    if how is None:
        _check(visit, *ENDS)
    left = [named(step) for step in visit.steps if step.status in OPEN_STEPS]
    return show("phone/leaving.html", visit=visit, how=how, reasons=CANCELLING, left=left)


@requires(Permission.GUIDE_OWN_VISIT)
def cancel() -> Response:
    """Call the own visit off (V17)."""
    journey.cancel(mine(), version=version_field(), reason=_said(CANCELLING), by=actor())
    return back_to("phone.my_visit")


@requires(Permission.GUIDE_OWN_VISIT)
def go_home() -> Response:
    """Go home before everything is done (V16)."""
    journey.leave(mine(), version=version_field(), by=actor())
    return back_to("phone.my_visit")


def _check(visit: MyVisit, *commands: Command) -> None:
    """Raise TransitionRefusedError where none of these may be begun, so that nobody fills in a form in vain."""
    if visit.offers.isdisjoint(commands):
        is_used_up = Command.HOLD in commands and visit.entry is not None and not visit.entry.may_hold
        raise TransitionRefusedError(
            command=str(commands[0]),
            state=str(visit.state),
            **({"why": "holds_used_up"} if is_used_up else {}),
        )


def _said(reasons: tuple[Reason, ...]) -> str:
    """Return the chosen reason as the staff read it, in the house's first language. Raise InvalidError."""
    code = field("reason", longest=20)
    chosen = next((reason for reason in reasons if reason.code == code), None)
    if chosen is None:
        raise InvalidError(field="reason", why="missing")
    with force_locale(settings.current().locales[0]):
        return str(chosen.words)
