"""What signing in gives."""

from typing import Literal

from app.web.api.shapes.base import Told
from app.web.api.shapes.visits import Entry, Visit


class TokenShape(Told):
    """Tokens: the access token names a session that can end at any moment; the refresh token is good once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token
    expires_in: int


class PatientTokens(TokenShape):
    """A patient's tokens, good for the one visit that is shown."""

    visit: Visit
    entry: Entry | None


class Ticket(Told):
    """A ticket for one socket."""

    ticket: str
    expires_in: int
