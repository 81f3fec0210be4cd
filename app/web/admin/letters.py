"""Dead letters: found by their error, looked at with the patient covered, sent again or given up."""

from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.core import relay
from app.core.errors import MalformedError
from app.core.relay import Asked
from app.door import actor, back_to, field, requires, version_field
from app.web.admin.forms import LetterFilterForm
from app.web.admin.surface import blueprint
from app.web.forms import page_number, say


@blueprint.get("/outbox/letters")
@requires(Permission.MANAGE_OUTBOX)
def letters() -> str:
    """List what was given up."""
    return render_template("admin/letters.html", **_list())


@blueprint.get("/outbox/letters/now")
@requires(Permission.MANAGE_OUTBOX)
def letters_now() -> str:
    """Give the page its list anew."""
    return render_template("admin/_letters.html", **_list())


@blueprint.get("/outbox/letters/<name>")
@requires(Permission.MANAGE_OUTBOX)
def letter(name: str) -> str:
    """Show one beside what would be sent now; what is a patient's is covered."""
    return render_template("admin/letter.html", found=relay.compared(name), is_open=False)


@blueprint.post("/outbox/letters/open")
@requires(Permission.SUPPORT_PHI)
def open_letter() -> str:
    """Show one whole, this once; who looked and why stands in the audit before the answer leaves."""
    found = relay.open_letter(field("promise"), reason=field("reason"), by=actor())
    return render_template("admin/letter.html", found=found, is_open=True)


@blueprint.post("/outbox/replay")
@requires(Permission.MANAGE_OUTBOX)
def replay_promise() -> Response:
    """Give one dead letter new lives."""
    relay.replay(field("promise"), version=version_field(), by=actor())
    say(_("It is sent again."))
    return back_to("admin.letters", **_kept())


@blueprint.post("/outbox/replay-all")
@requires(Permission.MANAGE_OUTBOX)
def replay_promises() -> Response:
    """Give all dead letters of the list that was looked at new lives."""
    seen = version_field("seen_until")
    if seen is None:
        raise MalformedError(field="seen_until")
    done = relay.replay_all(_asked(request.form), seen_until=seen, by=actor())
    say(_("Sent again: %(count)s", count=done.count))
    return back_to("admin.letters", **_kept())


@blueprint.post("/outbox/discard")
@requires(Permission.MANAGE_OUTBOX)
def discard_promise() -> Response:
    """Give one dead letter up, with a reason."""
    relay.discard(field("promise"), version=version_field(), reason=field("reason"), by=actor())
    say(_("It was given up."))
    return back_to("admin.letters", **_kept())


def _list() -> dict[str, Any]:
    form = LetterFilterForm()
    form.process(request.args)
    form.validate()
    asked = _asked(request.args)
    query = _query(asked)
    return {
        "form": form,
        "asked": query,
        "found": relay.dead_letters(asked, page_number()),
        "consumers": [one.name for one in relay.registered()],
        "here": f"{url_for('admin.letters_now')}?{urlencode({**query, 'page': page_number()})}",
    }


def _asked(values: Any) -> Asked:
    """Read the filter; an age that is no number is none."""
    age = values.get("age", "")
    return Asked(
        consumer=values.get("consumer", "").strip()[:64] or None,
        kind=values.get("kind", "").strip()[:32] or None,
        error=values.get("error", "").strip()[:300] or None,
        older_than_hours=int(age) if age.isascii() and age.isdecimal() and len(age) < 5 else None,  # noqa: PLR2004
    )


def _query(asked: Asked) -> dict[str, str]:
    """Return the filter as the addresses of this list carry it."""
    found = {
        "consumer": asked.consumer,
        "kind": asked.kind,
        "error": asked.error,
        "age": asked.older_than_hours,
    }
    return {name: str(value) for name, value in found.items() if value}


def _kept() -> dict[str, Any]:
    """Return to the list as it was filtered."""
    return _query(_asked(request.form))
