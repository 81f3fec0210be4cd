"""Closed by default: a view says who may use it, and one that says nothing is refused (and fails the build)."""

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app, request

from app.accounts.roles import Permission, Role, may
from app.core.errors import NotAllowedError, SignInNeededError
from app.door.identity import actor

F = TypeVar("F", bound=Callable[..., object])
PUBLIC = "public"
ALWAYS_OPEN = frozenset({"static"})


def requires(permission: Permission) -> Callable[[F], F]:
    """Mark a view with the right that it needs; services look again, with the facts."""

    def mark(view: F) -> F:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def public(view: F) -> F:
    """Mark a view that everybody may use; each one stands in the stored list of public routes."""
    view.permission = PUBLIC  # type: ignore[attr-defined]
    return view


def permission_of(app: Flask, endpoint: str) -> Permission | str | None:
    """Return what an endpoint asks for: a permission, PUBLIC, or None where nobody has said."""
    if endpoint in ALWAYS_OPEN:
        return PUBLIC
    return getattr(app.view_functions.get(endpoint), "permission", None)


def check_rights() -> None:
    """Refuse before the view runs. Raise SignInNeededError or NotAllowedError."""
    if request.endpoint is None:
        return  # no such page: 404 says so
    wanted = permission_of(current_app, request.endpoint)
    if wanted == PUBLIC:
        return
    by = actor()
    if by.role == Role.ANONYMOUS:
        raise SignInNeededError
    if wanted is None or not may(by, Permission(wanted)):
        raise NotAllowedError(permission=str(wanted))
