"""Sentences outside a request, in the language of whoever will read them; doors use Flask-Babel."""

from functools import cache

from babel.support import NullTranslations, Translations

from app.settings import ROOT


def say(lang: str, msgid: str, /, **values: object) -> str:
    """Return a sentence of the catalogue in a language; English where the catalogue has none."""
    text = _catalogue(lang).ugettext(msgid)
    return text % values if values else text


@cache
def _catalogue(lang: str) -> NullTranslations:
    return Translations.load(str(ROOT / "translations"), [lang])
