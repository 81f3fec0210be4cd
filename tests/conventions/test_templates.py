"""Templates obey the strict CSP, and every fragment says what it expects."""

import re

import pytest

from app.settings import ROOT
from tests.conventions.sources import fragments, templates

FORBIDDEN = {
    "an inline style": re.compile(r"""\sstyle\s*=|<style\b"""),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)"),
    "an event handler": re.compile(r"""\s(?:hx-on[:\w.-]*|on[a-z]+)\s*=\s*["']"""),
    "script in a value": re.compile(r"""["'](?:js|javascript):"""),
    "a filter in hx-trigger": re.compile(r"""hx-trigger\s*=\s*["'][^"']*\["""),
    "unescaped output": re.compile(r"\|\s*safe\b|autoescape\s+false"),
    "an address of another house": re.compile(r"""(?:src|href)\s*=\s*["'](?:https?:)?//"""),
}
EXPECTS = re.compile(r"\{#.*?\bExpects: \S.*?#\}", re.DOTALL)
COMPONENTS = [name for name in templates() if name.startswith("components/")]


@pytest.mark.parametrize("why", FORBIDDEN)
def test_no_template_holds(why: str) -> None:
    found = [
        f"{name}: {match.group(0).strip()}"
        for name, text in templates().items()
        for match in FORBIDDEN[why].finditer(re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL))
    ]
    assert not found


@pytest.mark.parametrize("name", sorted(fragments()))
def test_fragment_begins_with_what_it_expects(name: str) -> None:
    assert EXPECTS.match(templates()[name]), "{# what it is. Expects: names. #}"


@pytest.mark.parametrize("name", COMPONENTS)
def test_component_takes_arguments_only(name: str) -> None:
    text = re.sub(r"\{#.*?#\}", "", templates()[name], flags=re.DOTALL)
    if name != "components/head.html":  # the one that every base opens with
        assert not re.search(r"\b(?:request|session|url_for|g)\s*[.(]", text)


def test_scripts_carry_no_code_from_strings() -> None:
    found = [
        f"{path.name}: {match.group(0)}"
        for path in sorted((ROOT / "static" / "js").glob("*.js"))
        for match in re.finditer(
            r"\beval\(|new Function\(|document\.write\(", path.read_text(encoding="utf-8")
        )
    ]
    assert not found
