"""At a tag: where am I, who am I, and the one big button. The GET logs the tap and changes nothing else."""

from dataclasses import dataclass

from flask import Blueprint, Response, make_response, redirect, url_for

from app import settings
from app.accounts.roles import Permission, Role
from app.boards import queries as boards
from app.core.errors import BadCredentialsError, InvalidError, NotFoundError, RefusedError, TooManyTriesError
from app.door import actor, back_to, field, public, requires, show
from app.door.identity import enter
from app.emr.rules import birth_date_of, last4_of
from app.journey import services as journey
from app.journey.states import Command, State
from app.tags import services as tags
from app.tags.services import TagPlace
from app.wayfinding import queries as wayfinding
from app.wayfinding.queries import Leg, Name
from app.web.errors import sentence
from app.web.phone.visit import mine

AT_THE_DOOR = frozenset({State.UNREGISTERED, State.ARRIVED})
COMING_BACK = frozenset({Command.RE_ENTER, Command.RESUME})


@dataclass(frozen=True, slots=True)
class Spot:
    """A point on a floor's plan, with its name, and when the house is open."""

    name: Name
    leg: Leg
    weekday_hours: str
    saturday_hours: str


def register(blueprint: Blueprint) -> None:
    """Add the pages of a tag."""
    blueprint.add_url_rule("/t/<token>", view_func=landing, methods=["GET"])
    blueprint.add_url_rule("/t/<token>/identify", view_func=identify, methods=["POST"])
    blueprint.add_url_rule("/me/check-in", view_func=check_in, methods=["POST"])


@public
def landing(token: str) -> Response:
    """Say where the phone is; whoever is under way already sees the own visit, the way beginning here.

    Whoever is out of the line is offered the way back into it, and takes it by a button.
    """
    scan = tags.scan(token, by=actor())
    if actor().role != Role.PATIENT:
        return make_response(_page(token, scan, scan.nonce))
    visit = boards.my_visit(mine(), by=actor())
    if visit.state is State.FINISHED:  # whoever comes a second time today says who it is once more
        return make_response(_page(token, scan, scan.nonce))
    if not visit.offers.isdisjoint(COMING_BACK):
        return make_response(show("phone/come_back.html", spot=_spot(scan), visit=visit))
    if visit.state not in AT_THE_DOOR:
        return make_response(redirect(url_for("phone.my_visit")))
    return make_response(show("phone/check_in.html", spot=_spot(scan), nonce=scan.nonce, visit=visit))


@public
def identify(token: str) -> Response:
    """Recognise a patient of today by two answers, given at a tag that was tapped a moment ago."""
    nonce = field("nonce")
    tags.check_nonce(nonce)
    try:
        found = journey.identify(
            phone_last4=last4_of(field("phone_last4", longest=20)),
            birth_date=birth_date_of(field("birth_date", longest=20)),
            by=actor(),
        )
    except (InvalidError, BadCredentialsError, TooManyTriesError, NotFoundError) as refused:
        return make_response(_page(token, tags.look(token), nonce, _told(refused)), refused.status)
    enter(found.session.secret)
    return back_to("phone.landing", token=token)


@requires(Permission.REGISTER_VISIT)
def check_in() -> Response:
    """Arrive and register with one gesture; the nonce says that the phone was here within ten minutes."""
    presence = tags.check_nonce(field("nonce"))
    outcome = journey.check_in(mine(), place=presence.place, by=actor())
    return back_to("phone.my_visit", see=outcome.advice)


def _page(token: str, tag: TagPlace, nonce: str, refused: RefusedError | None = None) -> str:
    return show(
        "phone/landing.html",
        token=token,
        spot=_spot(tag),
        nonce=nonce,
        message=sentence(refused.code, refused.details) if refused else None,
        wrong=refused.details.get("field") if refused else None,
        typed={name: field(name) for name in ("phone_last4", "birth_date")} if refused else {},
    )


def _spot(tag: TagPlace) -> Spot:
    """Return where the tag hangs, to draw and to name."""
    place = wayfinding.place_of(tag.place)
    now = settings.current()
    return Spot(
        name=tag.name,
        leg=Leg(place.floor, ((place.x, place.y),)),
        weekday_hours=now.weekday_hours,
        saturday_hours=now.saturday_hours,
    )


def _told(refused: RefusedError) -> RefusedError:
    """Say the same of somebody unknown and of somebody who is not expected."""
    return BadCredentialsError() if isinstance(refused, NotFoundError) else refused
