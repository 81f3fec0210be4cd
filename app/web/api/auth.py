"""Tokens: a patient by two answers at a tag, staff by password; renewed, given back, changed for a socket ticket."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, g

from app.accounts import queries as accounts
from app.accounts import services as accounts_services
from app.accounts.roles import Permission
from app.accounts.rules import TICKET_LIFE, Channel
from app.accounts.services import Tokens
from app.boards import queries as boards
from app.core import clock
from app.core.actor import Actor
from app.core.errors import BadCredentialsError, InvalidError, NotFoundError, SignInNeededError
from app.door import actor, public, requires, signed_in
from app.door.identity import adopt, client_id
from app.journey import services as journey
from app.tags import services as tags
from app.web.api.answers import entry_of, shape_of
from app.web.api.asked.tokens import Logout, Refresh, SimpleLogin, StaffLogin
from app.web.api.bodies import read, tell
from app.web.api.openapi import Key, described
from app.web.api.shapes.tokens import PatientTokens, Ticket, TokenShape


def register(blueprint: Blueprint) -> None:
    """Add the routes of signing in."""
    blueprint.add_url_rule("/auth/simple-login", view_func=simple_login, methods=["POST"])
    blueprint.add_url_rule("/auth/login", view_func=login, methods=["POST"])
    blueprint.add_url_rule("/auth/token/refresh", view_func=refresh, methods=["POST"])
    blueprint.add_url_rule("/auth/logout", view_func=logout, methods=["POST"])
    blueprint.add_url_rule("/auth/socket-ticket", view_func=socket_ticket, methods=["POST"])


@public
@described("auth", told=PatientTokens, body=SimpleLogin, refusals=(410,), is_open=True, key=Key.NONE)
def simple_login() -> Response:
    """Recognise a patient of today who stands at a tag; it identifies, hence the masked, visit-scoped view."""
    body = read(SimpleLogin)
    _check_presence(body)
    try:
        found = journey.identify(
            phone_last4=body.phone_last4, birth_date=body.birth_date, by=_caller(), channel=Channel.API
        )
    except NotFoundError as error:  # known, and not expected today: nobody may tell that from unknown
        raise BadCredentialsError from error
    tokens = accounts_services.issue_tokens(found.session.session_id)
    _become(tokens)
    visit = boards.my_visit(found.visit_id, by=actor())
    shape = PatientTokens(**_kept(tokens), visit=shape_of(visit), entry=entry_of(visit))
    return tell(shape, patients=visit.discloses)


@public
@described("auth", told=TokenShape, body=StaffLogin, is_open=True, key=Key.NONE)
def login() -> Response:
    """Sign a member of staff in."""
    body = read(StaffLogin)
    opened = accounts_services.sign_in_staff(
        body.username, body.password, body.totp, by=_caller(), channel=Channel.API
    )
    return tell(TokenShape(**_kept(accounts_services.issue_tokens(opened.session_id))))


@public
@described("auth", told=TokenShape, body=Refresh, is_open=True, key=Key.NONE)
def refresh() -> Response:
    """Exchange a refresh token for new tokens; one that was used before ends its whole family."""
    return tell(
        TokenShape(**_kept(accounts_services.refresh_tokens(read(Refresh).refresh_token, by=actor())))
    )


@public
@described("auth", told=None, body=Logout, statuses=(204,), key=Key.NONE)
def logout() -> Response:
    """End the session of the bearer token, of the refresh token, or of both."""
    token = read(Logout).refresh_token
    if token is not None:
        accounts_services.revoke_tokens(token, by=actor())
    elif signed_in() is None:
        raise SignInNeededError
    accounts_services.sign_out(by=actor())
    return Response(status=204)


@requires(Permission.SIGNED_IN)
@described("auth", told=Ticket, key=Key.NONE)
def socket_ticket() -> Response:
    """Give this session a ticket for one socket."""
    me = signed_in()
    if me is None:
        raise SignInNeededError
    return tell(
        Ticket(
            ticket=accounts_services.issue_ticket(me.session_id), expires_in=int(TICKET_LIFE.total_seconds())
        )
    )


def _check_presence(body: SimpleLogin) -> None:
    """See that the caller was at a tag within ten minutes, or is now: then the scan is kept."""
    if body.nonce is not None:
        tags.check_nonce(body.nonce)
        if body.tag is not None:
            tags.look(body.tag)
    elif body.tag is not None:
        tags.scan(body.tag, by=_caller())
    else:
        raise InvalidError(fields={"tag": "missing"})


def _caller() -> Actor:
    """Return who asks; a client that keeps no cookie shares the limit of tries with its neighbourhood."""
    client_id()
    return replace(actor(), device_id=None) if g.get("client_is_new") else actor()


def _become(tokens: Tokens) -> None:
    """Let the rest of this request be the patient's: the audit then says who looked."""
    found = accounts.signed_in_as(tokens.session_id, clock.utcnow(), channel=Channel.API)
    if found is None:
        raise SignInNeededError
    adopt(found)


def _kept(tokens: Tokens) -> dict[str, Any]:
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_in": tokens.expires_in,
    }
