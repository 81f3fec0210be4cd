"""Sockets, and what a page needs to open one: a ticket; a fragment by GET where sockets are blocked."""

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from flask import Blueprint, Response, current_app, g, jsonify, make_response, request
from flask_sock import Sock
from simple_websocket import Server

from app import settings
from app.accounts import queries as accounts
from app.accounts import services as accounts_services
from app.accounts.queries import SignedIn
from app.accounts.roles import Permission
from app.core import clock
from app.core.disclosure import disclose
from app.core.errors import NotAllowedError, SignInNeededError
from app.core.transaction import release
from app.door import actor, requires, signed_in
from app.door.identity import adopt, bearer_of
from app.door.language import locale
from app.door.privacy import is_covered, works_covered
from app.live.connection import Connection, Kind
from app.live.engine import Live
from app.live.messages import since
from app.live.push import EXTENSION
from app.live.topics import JSON_AUDIENCE, Hospital, covered, grant

blueprint = Blueprint("live", __name__)
sock = Sock()


@blueprint.post("/live/ticket")
@requires(Permission.SIGNED_IN)
@works_covered
def ticket() -> Response:
    """Give this session a ticket for one socket, good for 30 s."""
    return jsonify({"ticket": accounts_services.issue_ticket(_me().session_id)})


@blueprint.get("/live/fragment")
@requires(Permission.SIGNED_IN)
@works_covered
def fragment() -> Response:
    """Return a topic's fragment where sockets are blocked; 204 when nothing is newer than `since`.

    Behind a locked screen it is the one that names nobody, and a page asks for it without `since`.
    """
    topic, shown = request.args.get("topic", ""), request.args.get("since", "")
    granted = grant([topic], by=actor(), locale=locale())
    audience = (covered(granted) if is_covered() else granted)[topic]
    hospital = Hospital()
    if shown.isascii() and shown.isdecimal() and hospital.seqs([topic]).get(topic, 0) <= int(shown):
        return make_response("", 204)
    if not is_covered():
        _disclose([topic])
    return make_response(hospital.render(topic, audience).text)


@sock.route("/ws/live", bp=blueprint)
@requires(Permission.SIGNED_IN)
@works_covered
def live(ws: Server) -> None:
    """Push HTML fragments of the granted topics to a page."""
    _serve(ws, g.granted, "html")


@sock.route("/ws/queue/<uuid:queue_id>", bp=blueprint)
@requires(Permission.SIGNED_IN)
@works_covered
def queue(ws: Server, queue_id: UUID) -> None:
    """Push a queue's moves as JSON, each seq once and in order."""
    _serve(ws, {f"queue:{queue_id}": JSON_AUDIENCE}, "json")


def check_socket() -> None:
    """Refuse a handshake before the socket opens: foreign pages, missing tickets, topics of others.

    A browser sends Origin and cannot set Authorization; a partner's client does the reverse.
    """
    if request.headers.get("Upgrade", "").lower() != "websocket" or request.endpoint is None:
        return
    origin, is_partner = request.headers.get("Origin"), bearer_of(request) is not None
    if origin not in settings.current().origins and not (origin is None and (is_partner or _is_json())):
        raise NotAllowedError(why="origin")
    if not is_partner:
        _take_ticket()
    if signed_in() is None:
        raise SignInNeededError
    names = (
        [f"queue:{(request.view_args or {})['queue_id']}"]
        if _is_json()
        else [name for name in request.args.get("topics", "").split(",") if name]
    )
    g.granted = grant(names, by=actor(), locale=locale())
    release()


def _is_json() -> bool:
    return request.endpoint == "live.queue"


def _take_ticket() -> None:
    """Use up the ticket; it stands for the session where the client sends no cookie."""
    me, given = signed_in(), request.args.get("ticket", "")
    session_id = accounts_services.use_ticket(given, me.session_id if me else None) if given else None
    found = me or (accounts.signed_in_as(session_id, clock.utcnow()) if session_id else None)
    if session_id is None or found is None:
        raise SignInNeededError
    adopt(found)


def _serve(ws: Server, topics: Mapping[str, str], kind: Kind) -> None:
    me = _me()
    _disclose(topics)
    engine = cast("Live", current_app.extensions[EXTENSION])
    connection = Connection(
        ws,
        topics,
        session_key=str(me.session_id),
        kind=kind,
        user_key=str(me.staff_id or ""),
        device_key="" if me.staff_id else str(me.device_id or me.client_id or me.session_id),
        since=since(request.args.get("since", "")),
        covered=covered(topics),
        is_covered=is_covered(),
    )
    release()
    engine.serve(ws, connection)


def _disclose(topics: Mapping[str, str] | list[str]) -> None:
    """Write who begins to follow what; a topic's patients change while it is followed."""
    for topic in topics:
        if topic.startswith(("queue:", "visit:", "orders:")):
            disclose("live:topic:follow", patients=(), by=actor(), object_=topic)


def _me() -> SignedIn:
    me = signed_in()
    if me is None:
        raise SignInNeededError
    return me
