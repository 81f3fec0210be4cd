"""The visit's page: number, turn, way, what to mind; and the link on the slip that opens it once."""

from uuid import UUID

from flask import Blueprint, Response, render_template, request, session

from app.accounts import services as accounts
from app.accounts.roles import Permission, Role
from app.boards import queries as boards
from app.core.errors import SignInNeededError
from app.door import actor, back_to, public, refresh, requires, show, version_field
from app.door.identity import client_id, enter, leave
from app.journey import services as journey
from app.wayfinding.rules import Profile

PROFILES = frozenset({Profile.WALKING, Profile.STEP_FREE})


def register(blueprint: Blueprint) -> None:
    """Add the visit's page and the ways to it."""
    blueprint.add_url_rule("/me", view_func=my_visit, methods=["GET"])
    blueprint.add_url_rule("/me/register", view_func=sign_up, methods=["POST"])
    blueprint.add_url_rule("/me/leave", view_func=sign_out, methods=["POST"])
    blueprint.add_url_rule("/l/<secret>", view_func=link, methods=["GET"])
    blueprint.add_url_rule("/l/<secret>", view_func=open_link, methods=["POST"])


def mine() -> UUID:
    """Return the visit of this phone's session. Raise SignInNeededError."""
    by = actor()
    if by.role != Role.PATIENT or by.visit_id is None:
        raise SignInNeededError
    return by.visit_id


@requires(Permission.SEE_VISIT)
def my_visit() -> str:
    """Show the own visit; how somebody moves is chosen once and kept for this phone's session."""
    chosen = request.args.get("profile", "")
    if chosen in PROFILES:
        session["profile"] = chosen
    visit = boards.my_visit(mine(), by=actor())
    return show(
        "phone/page.html",
        visit=visit,
        guidance=boards.guidance(visit, _profile()),
        live_topics=visit.topics,
        is_for_desk=request.args.get("see") == "desk",
        is_push=False,
    )


@requires(Permission.REGISTER_VISIT)
def sign_up() -> Response:
    """Register an arrival that stands already (the desk or a link brought the patient here)."""
    journey.register(mine(), version=version_field(), by=actor())
    return repainted()


@requires(Permission.SIGNED_IN)
def sign_out() -> Response:
    """Let this phone forget the visit; the number stays valid."""
    mine()
    accounts.sign_out(by=actor())
    leave()
    response = back_to("login.choose")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@public
def link(secret: str) -> str:
    """Ask before the link is used up: previews and crawlers only look. The phone gets the name it is bound by."""
    client_id()
    return render_template("phone/link.html", secret=secret)


@public
def open_link(secret: str) -> Response:
    """Open the visit on this phone, and from now on only here."""
    found = journey.open_link(secret, by=actor())
    enter(found.session.secret)
    return back_to("phone.my_visit")


def repainted() -> Response:
    """Answer a command with the visit as it is now: the live piece for a page with script, else the page."""
    visit = boards.my_visit(mine(), by=actor())
    return refresh(
        "phone/_visit.html",
        endpoint="phone.my_visit",
        endpoint_values={},
        visit=visit,
        guidance=boards.guidance(visit, _profile()),
        is_push=True,
    )


def _profile() -> Profile:
    return Profile(session.get("profile", Profile.WALKING))
