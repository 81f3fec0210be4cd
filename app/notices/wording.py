"""The sentences of notices, in the reader's language: a number and a place."""

from collections.abc import Mapping
from typing import Any, Final

from app.core.i18n import say
from app.core.words import N_
from app.notices.rules import Kind

TITLES: Final[Mapping[str, str]] = {
    Kind.CALLED: N_("It is your turn"),
    Kind.MISSED: N_("You were called"),
    Kind.TRANSFERRED: N_("Your place has changed"),
    Kind.NEAR_TURN: N_("Your turn is near"),
    Kind.NEXT_STEP: N_("Your next stop"),
    Kind.HELD_OVER: N_("You are seen another day"),
    Kind.FINISHED: N_("Your visit is done"),
}
BODIES: Final[Mapping[str, str]] = {
    Kind.CALLED: N_("Please come in now."),
    Kind.MISSED: N_("Please come to the desk."),
    Kind.TRANSFERRED: N_("Please wait there. Your number stays."),
    Kind.NEAR_TURN: N_("Please come back to the waiting area."),
    Kind.NEXT_STEP: N_("Please go there next."),
    Kind.HELD_OVER: N_("Please ask at the desk when to come."),
    Kind.FINISHED: N_("You may go home."),
}
NUMBER = N_("No. %(number)s")


def title(kind: str, lang: str) -> str:
    """Return what a lock screen shows first."""
    return say(lang, TITLES[kind])


def body(kind: str, params: Mapping[str, Any], lang: str) -> str:
    """Return number, place and what to do, as far as they are known."""
    place = params.get(f"place_{lang}") or params.get("place_en") or params.get("place_ko")
    number = say(lang, NUMBER, number=params["number"]) if "number" in params else None
    return " · ".join(str(part) for part in (number, place, say(lang, BODIES[kind])) if part)


def sentence(kind: str, params: Mapping[str, Any], lang: str) -> str:
    """Return title and body on one line."""
    return f"{title(kind, lang)} · {body(kind, params, lang)}"
