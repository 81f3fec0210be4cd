"""API tokens: the session's row decides, a refresh token is good once, a thief ends the family."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask

from app.accounts import queries, services, tokens
from app.accounts.rules import Channel
from app.core import clock
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import SignInNeededError
from tests.integration.accounts.conftest import PASSWORD


@pytest.fixture
def client(app: Flask, anne: UUID, eve: Actor) -> services.Tokens:
    session = services.sign_in_staff("anne", PASSWORD, by=eve, channel=Channel.API)
    return services.issue_tokens(session.session_id)


def bearer(access_token: str) -> queries.SignedIn | None:
    db.session.rollback()
    now = clock.utcnow()
    return queries.signed_in_as(tokens.read(access_token, now=now), now, channel=Channel.API)


def test_an_access_token_names_its_session(client: services.Tokens, anne: UUID) -> None:
    found = bearer(client.access_token)
    assert found is not None
    assert found.actor().id == anne
    assert client.expires_in == 900


def test_a_revoked_access_token_is_refused_at_once(client: services.Tokens, eve: Actor) -> None:
    found = bearer(client.access_token)
    assert found is not None
    services.sign_out(by=found.actor())
    assert bearer(client.access_token) is None
    with pytest.raises(SignInNeededError):
        services.refresh_tokens(client.refresh_token, by=eve)


def test_it_ends_after_a_quarter_of_an_hour_and_a_minute_of_clocks(client: services.Tokens) -> None:
    now = clock.utcnow()
    assert tokens.read(client.access_token, now=now + timedelta(minutes=15))
    with pytest.raises(SignInNeededError):
        tokens.read(client.access_token, now=now + timedelta(minutes=16, seconds=2))


def test_tokens_rotate(client: services.Tokens, eve: Actor) -> None:
    second = services.refresh_tokens(client.refresh_token, by=eve)
    assert second.refresh_token != client.refresh_token
    assert second.session_id == client.session_id
    assert bearer(second.access_token) is not None
    assert services.refresh_tokens(second.refresh_token, by=eve)


def test_a_reused_refresh_token_ends_the_family_and_its_session(client: services.Tokens, eve: Actor) -> None:
    second = services.refresh_tokens(client.refresh_token, by=eve)
    with pytest.raises(SignInNeededError):
        services.refresh_tokens(client.refresh_token, by=eve)  # the thief, or the robbed

    assert bearer(second.access_token) is None
    with pytest.raises(SignInNeededError):
        services.refresh_tokens(second.refresh_token, by=eve)


def test_an_unknown_refresh_token_ends_nothing(client: services.Tokens, eve: Actor) -> None:
    with pytest.raises(SignInNeededError):
        services.refresh_tokens("never issued", by=eve)
    assert bearer(client.access_token) is not None


def test_two_refreshes_at_once_do_not_both_pass(app: Flask, client: services.Tokens, eve: Actor) -> None:
    def renew(_: int) -> bool:
        with app.app_context():
            try:
                services.refresh_tokens(client.refresh_token, by=eve)
            except SignInNeededError:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(renew, range(8))) == 1
    assert bearer(client.access_token) is None


def test_logging_out_with_the_refresh_token_alone(client: services.Tokens, eve: Actor) -> None:
    services.revoke_tokens(client.refresh_token, by=eve)
    assert bearer(client.access_token) is None


def test_a_cookie_is_no_bearer_and_a_bearer_no_cookie(app: Flask, anne: UUID, eve: Actor) -> None:
    cookie = services.sign_in_staff("anne", PASSWORD, by=eve)
    api = services.sign_in_staff("anne", PASSWORD, by=eve, channel=Channel.API)
    with pytest.raises(SignInNeededError):
        services.issue_tokens(cookie.session_id)
    now = clock.utcnow()
    assert queries.signed_in(api.secret, now) is None
    assert queries.signed_in_as(cookie.session_id, now, channel=Channel.API) is None


def test_an_idle_client_cannot_refresh(client: services.Tokens, eve: Actor) -> None:
    with (
        time_machine.travel(clock.utcnow() + timedelta(hours=13), tick=False),
        pytest.raises(SignInNeededError),
    ):
        services.refresh_tokens(client.refresh_token, by=eve)
