"""Languages: the person's choice, else the browser's, else the hospital's first."""

from datetime import datetime
from functools import cache
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_babel import Babel, force_locale, get_locale, gettext, ngettext

from app import settings
from app.core import clock
from app.core.words import parted
from app.door.identity import cookie_name

babel = Babel()


def locale() -> str:
    """Return the language of this request, decided once (the hub decides it for its readers)."""
    if not has_request_context():
        return settings.current().locales[0]
    if "locale" not in g:
        g.locale = _chosen()
    return str(g.locale)


def _chosen() -> str:
    offered = settings.current().locales
    kept = request.cookies.get(cookie_name("language"), "")
    if kept in offered and not request.path.startswith("/api/"):
        return kept
    # The hospital's own language unless the browser clearly wants another one that we have.
    return request.accept_languages.best_match(offered) or offered[0]


@cache
def _translated(language: str, sentence: str) -> str:
    """Return a sentence in a language; templates say the same few hundred again and again."""
    with force_locale(language):
        return str(gettext(sentence))


def _in_templates(sentence: str) -> str:
    return _translated(locale() if has_request_context() else str(get_locale()), sentence)


def named(thing: Any, stem: str = "name") -> str:
    """Return `name_ko` or `name_en` (any stem), by the language of the request."""
    language = str(get_locale() or locale())
    return str(getattr(thing, f"{stem}_{language}", None) or getattr(thing, f"{stem}_ko"))


def clock_time(at: datetime | None) -> str:
    """Return a moment as hh:mm on the hospital's wall."""
    return "" if at is None else clock.local(at).strftime("%H:%M")


def site_time(at: datetime | None) -> str:
    """Return a moment as date and time on the hospital's wall, to the second."""
    return "" if at is None else clock.local(at).strftime("%Y-%m-%d %H:%M:%S")


def told(reason: str) -> str:
    """Return a stored reason in the reader's language, and the one behind it; a technician's detail stays as it was."""
    sentence, behind = parted(reason)
    said = gettext(sentence) if sentence else ""
    return f"{said} ({told(behind)})" if behind else said


def init_app(app: Flask) -> None:
    """Install the translations and the filters."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(settings.ROOT / "translations")
    app.config["BABEL_DEFAULT_LOCALE"] = settings.current().locales[0]
    babel.init_app(app, locale_selector=locale)
    # Jinja itself fills in the variables (new style), so the bare sentence can be remembered.
    app.jinja_env.install_gettext_callables(_in_templates, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["named"] = named
    app.jinja_env.filters["clock"] = clock_time
    app.jinja_env.filters["hhmm"] = clock_time
    app.jinja_env.filters["site_time"] = site_time
    app.jinja_env.filters["told"] = told
