"""What somebody takes along: the number, the slip with its link, the way to the waiting place."""

from uuid import UUID

from flask import Blueprint, session, url_for

from app import settings
from app.accounts.roles import Permission
from app.boards import queries as boards
from app.core import clock
from app.core.errors import SignInNeededError
from app.door import actor, requires, show
from app.door.identity import front_visit
from app.tags.qr import qr_svg
from app.web.kiosk.start import LINK, profile


def register(blueprint: Blueprint) -> None:
    """Add the number and the way."""
    blueprint.add_url_rule("/kiosk/number", view_func=number, methods=["GET"])
    blueprint.add_url_rule("/kiosk/way", view_func=way, methods=["GET"])


def in_front() -> UUID:
    """Return the visit of the person in front. Raise SignInNeededError, which leads to the start."""
    visit_id = front_visit()
    if visit_id is None:
        raise SignInNeededError
    return visit_id


@requires(Permission.REGISTER_VISIT)
def number() -> str:
    """Show the number, and print it with a link that opens the visit on one phone."""
    visit = boards.my_visit(in_front(), by=actor())
    link = session.get(LINK)
    address = settings.current().public_url + url_for("phone.link", secret=link) if link else None
    return show(
        "kiosk/number.html",
        visit=visit,
        qr=qr_svg(address) if address else None,
        date=clock.local(clock.utcnow()).strftime("%Y-%m-%d %H:%M"),
    )


@requires(Permission.REGISTER_VISIT)
def way() -> str:
    """Show the way from this kiosk to where the visit goes on."""
    visit = boards.my_visit(in_front(), by=actor())
    return show("kiosk/way.html", visit=visit, guidance=boards.guidance(visit, profile()))
