"""Signing in."""

from datetime import date
from typing import Annotated

from pydantic import Field

from app.web.api.asked.base import Asked, Token


class SimpleLogin(Asked):
    """Two answers of a patient who stands at a tag; `nonce` of a scan, or else the `tag` itself is scanned."""

    phone_last4: Annotated[str, Field(pattern=r"^[0-9]{4}$")]
    birth_date: date
    tag: Token | None = None
    nonce: Token | None = None


class StaffLogin(Asked):
    """User name, password, and the code of the second factor where the account has one."""

    username: Annotated[str, Field(min_length=1, max_length=80)]
    password: Annotated[str, Field(min_length=1, max_length=256)]
    totp: Annotated[str, Field(max_length=12)] | None = None


class Refresh(Asked):
    """A refresh token, good once."""

    refresh_token: Token


class Logout(Asked):
    """The refresh token, for a client that has lost its access token."""

    refresh_token: Token | None = None
