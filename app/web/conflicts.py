"""A colleague was quicker: what stands there now, what is mine, and one form that loses no word of either."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, make_response, request
from wtforms import Form

from app.core.errors import GoneError, VersionStaleError
from app.door import show
from app.emr.queries import Snapshot
from app.emr.rules import merge, side_by_side

CHOICES = ("now", "mine", "both")
Words = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """A field that is not what I typed; `outcome` choose: only a person can say. `sends` is what the form carries."""

    name: str
    label: str
    now: str
    yours: str
    outcome: str
    sends: str
    both: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Everything of a change that came too late."""

    patient_id: UUID | None
    rows: tuple[Differing, ...]
    version: int
    seen: int | None
    by_name: str | None  # None: nobody knows; "": the system
    at: datetime | None
    is_gone: bool
    mine: Mapping[str, str]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patient that this value shows; none where a shelf or an item was changed."""
        return () if self.patient_id is None else (self.patient_id,)


def typed(names: Collection[str]) -> dict[str, str]:
    """Return what the form says of each field; a field for which what stands now was chosen is not named."""
    found: dict[str, str] = {}
    for name in names:
        choice = request.form.get(f"choose-{name}")
        if choice == "now":
            continue
        field = f"both-{name}" if choice == "both" else name
        if field in request.form:
            found[name] = request.form[field].replace("\r\n", "\n").strip()
    return found


def seen_version() -> int | None:
    """Return the version to compare; while a choice is left open, the one that the words were written upon."""
    asked = request.form.getlist("asked")
    is_open = any(request.form.get(f"choose-{name}") not in CHOICES for name in asked)
    text = request.form.get("seen" if is_open else "version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004


def choose(form: Form, now: Mapping[str, Any]) -> None:
    """Let fields hold what was chosen on the page of a conflict; what does not differ there is not posted again."""
    is_answer = "seen" in request.form
    for name, value in now.items():
        choice = request.form.get(f"choose-{name}")
        if choice == "both":
            value = request.form.get(f"both-{name}", "")  # noqa: PLW2901 - one of three values for the field
        elif choice != "now" and (name in request.form or not is_answer):
            continue
        field = form[name]
        field.data, field.raw_data, field.process_errors = value, [str(value)], []


def conflict_of(
    stale: VersionStaleError,
    mine: Mapping[str, str],
    *,
    patient_id: UUID | None = None,
    labels: Mapping[str, Any],
    words: Words | None = None,
    texts: Collection[str] = (),
    now: Snapshot | None = None,
    base: Mapping[str, str] | None = None,
) -> Conflict:
    """Put both changes side by side, those that do not overlap merged already.

    `now`, and what is known of `base`, is given where no versions of the row are kept.
    """
    is_kept, words = now is None, words or {}
    now = now if now is not None else stale.now  # type: ignore[assignment]
    if not isinstance(now, Snapshot):
        raise stale
    before = stale.base.fields if isinstance(stale.base, Snapshot) else base
    merged = merge(before, now.fields, mine, texts=texts)
    rows = tuple(
        _differing(
            name, said, now.fields.get(name, ""), merged.fields, merged.conflicts, labels, words, texts
        )
        for name, said in mine.items()
        if said != now.fields.get(name, "")
    )
    seen = stale.details.get("seen")
    return Conflict(
        patient_id=patient_id,
        rows=rows,
        version=now.version,
        seen=seen if isinstance(seen, int) else None,
        by_name=now.by_name if now.by_name or is_kept else None,
        at=now.at,
        is_gone=isinstance(stale, GoneError),
        mine=mine,
    )


def answer(conflict: Conflict, *, action: str, again: str, back: str, surface: str, status: int) -> Response:
    """Show the conflict: into the page's own place for htmx, as a page without script."""
    values = {"conflict": conflict, "action": action, "again": again, "back": back, "surface": surface}
    if not request.headers.get("HX-Request"):
        return make_response(show("components/conflict.html", **values), status)
    response = make_response(show("components/_conflict.html", **values), status)
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#conflict", "innerHTML"
    return response


def _differing(
    name: str,
    said: str,
    now: str,
    fields: Mapping[str, str],
    conflicts: Collection[str],
    labels: Mapping[str, Any],
    words: Words,
    texts: Collection[str],
) -> Differing:
    spoken = words.get(name, {})
    if name in conflicts:
        outcome, sends = "choose", said
    elif fields[name] == now:
        outcome, sends = "now", ""
    else:
        outcome, sends = ("mine" if fields[name] == said else "both"), fields[name]
    return Differing(
        name=name,
        label=str(labels.get(name, name)),
        now=str(spoken.get(now, now)),
        yours=str(spoken.get(said, said)),
        outcome=outcome,
        sends=sends,
        both=side_by_side(now, said) if name in conflicts and name in texts else None,
    )
