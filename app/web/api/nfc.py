"""At a tag: where am I, what comes next, which way; and the QR code that hangs beside it."""

from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission, Role
from app.boards import queries as boards
from app.boards.queries import Guidance, MyVisit
from app.core.errors import SignInNeededError
from app.door import actor, public, requires
from app.door.language import locale, named
from app.journey import services as journey
from app.journey.services import Tapped
from app.journey.states import State
from app.queues import queries as queues
from app.queues.states import EntryStatus
from app.tags import queries as tag_queries
from app.tags import services as tags
from app.tags.qr import qr_png, qr_svg
from app.wayfinding import queries as wayfinding
from app.web.api.answers import entry_of, shape_of
from app.web.api.asked.visits import Tap
from app.web.api.bodies import read, tell
from app.web.api.openapi import described
from app.web.api.shapes.places import (
    DirectionShape,
    LegShape,
    Next,
    OpeningShape,
    PlaceShape,
    RouteShape,
    TapAnswer,
)

BY_STATE: dict[State, Next] = {
    State.UNREGISTERED: "arrive",
    State.ARRIVED: "register",
    State.REGISTERED: "join",
    State.WAITING: "desk",  # no line could be joined: staff choose
    State.CALLED: "go-in",
    State.ONGOING: "stay",
    State.COMPLETED: "stay",
    State.PAYMENT: "pay",
    State.FINISHED: "go-home",
}
IN_LINE: dict[EntryStatus, Next] = {
    EntryStatus.WAITING: "wait",
    EntryStatus.HELD: "wait",
    EntryStatus.NO_SHOW: "re-enter",
}
IMAGES = ("image/svg+xml", "image/png")


def register(blueprint: Blueprint) -> None:
    """Add the routes of tags."""
    blueprint.add_url_rule("/nfc/scan", view_func=scan, methods=["POST"])
    blueprint.add_url_rule("/nfc/qr-backup/<tag_id>", view_func=qr_backup, methods=["GET"])


@public
@described("nfc", body=Tap, told=TapAnswer, refusals=(410,), is_open=True)
def scan() -> Response:
    """Keep a tap and say where one is and what comes next; `arrive` notes the arrival of the own visit.

    Without a token: place, opening and the way to the desk. Outside the visit's window nothing is written and
    `next` is the desk.
    """
    body, by = read(Tap), actor()
    if body.arrive and by.role == Role.ANONYMOUS:
        raise SignInNeededError
    if body.nonce is not None:
        tags.check_nonce(body.nonce)
    tapped = journey.tap(body.tag, wants_to_arrive=body.arrive, by=by)
    is_own = by.role == Role.PATIENT and by.visit_id is not None
    visit = boards.my_visit(by.visit_id, by=by) if is_own and by.visit_id else None
    way = (
        boards.guidance(visit, body.profile) if visit else boards.way_to_desk(tapped.scan.place, body.profile)
    )
    return tell(
        TapAnswer(
            place=_place(tapped),
            opening=[
                OpeningShape(queue_id=queue.id, name=named(queue), place=queue.place, is_open=queue.is_open)
                for queue in queues.heads()
            ],
            next=_next(visit, tapped),
            route=_route(way),
            nonce=tapped.scan.nonce,
            visit=shape_of(visit) if visit else None,
            entry=entry_of(visit) if visit else None,
        ),
        patients=visit.discloses if visit else (),
    )


@requires(Permission.MANAGE_TAGS)
@described("nfc", told=None)
def qr_backup(tag_id: str) -> Response:
    """Draw the QR code of a tag, as SVG or PNG by the Accept header; it holds the tag's token."""
    row = tag_queries.tag(_id_of(tag_id))
    kind = request.accept_mimetypes.best_match(IMAGES, default=IMAGES[0])
    response = Response(qr_png(row.url) if kind == IMAGES[1] else qr_svg(row.url), mimetype=kind)
    response.headers["Vary"] = "Accept"
    return response


def _id_of(text: str) -> UUID | str:
    """Return a tag's public id, or else the id that stands in its token."""
    try:
        return UUID(text)
    except ValueError:
        return text


def _next(visit: MyVisit | None, tapped: Tapped) -> Next:
    if visit is None:
        return "sign-in"
    is_advised = tapped.outcome is not None and tapped.outcome.advice is not None
    if is_advised or visit.is_for_desk:
        return "desk"
    in_line = IN_LINE.get(visit.entry.status) if visit.entry else None
    return in_line or BY_STATE[visit.state]


def _place(tapped: Tapped) -> PlaceShape:
    place = wayfinding.place_of(tapped.scan.place)
    return PlaceShape(
        code=place.code,
        name=tapped.scan.name.in_(locale()),
        kind=place.kind,
        tag_kind=tapped.scan.kind,
        floor=place.floor.name.in_(locale()),
    )


def _route(way: Guidance) -> RouteShape | None:
    if way.route is None and not way.is_blocked:
        return None
    return RouteShape(
        profile=way.profile,
        is_blocked=way.is_blocked,
        minutes=way.minutes,
        legs=[
            LegShape(
                floor=leg.floor.name.in_(locale()),
                plan=url_for("maps.floor", floor_id=leg.floor.public_id),
                view_box=leg.view_box,
                points=list(leg.points),
            )
            for leg in way.legs
        ],
        directions=[
            DirectionShape(leg=step.leg, text=_(step.sentence, **step.words(locale())))
            for step in (way.route.steps if way.route else ())
        ],
    )
