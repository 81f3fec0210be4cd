"""Push on the own phone: a browser asks to be told about its visit, or asks no more."""

from flask import Blueprint, request

from app.accounts.roles import Permission
from app.core.errors import MalformedError
from app.door import actor, requires
from app.notices import services as notices
from app.web.phone.visit import mine


def register(blueprint: Blueprint) -> None:
    """Add the two ways."""
    blueprint.add_url_rule("/me/push", view_func=subscribe, methods=["POST"])
    blueprint.add_url_rule("/me/push", view_func=unsubscribe, methods=["DELETE"])


@requires(Permission.GUIDE_OWN_VISIT)
def subscribe() -> tuple[str, int]:
    """Take what `PushSubscription.toJSON()` gives: `{endpoint, keys: {p256dh, auth}}`."""
    asked = _asked()
    keys = asked.get("keys")
    if not isinstance(keys, dict):
        raise MalformedError(field="keys")
    notices.subscribe(
        mine(),
        endpoint=_text(asked, "endpoint"),
        p256dh=_text(keys, "p256dh"),
        auth=_text(keys, "auth"),
        by=actor(),
    )
    return "", 204


@requires(Permission.GUIDE_OWN_VISIT)
def unsubscribe() -> tuple[str, int]:
    """Take the endpoint that the browser has let go: `{endpoint}`."""
    notices.unsubscribe(mine(), endpoint=_text(_asked(), "endpoint"), by=actor())
    return "", 204


def _asked() -> dict[str, object]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise MalformedError
    return asked


def _text(values: dict[str, object], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise MalformedError(field=name)
    return value
