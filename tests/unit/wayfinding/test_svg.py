"""Floor plans: a drawing passes, everything else is named and refused."""

from pathlib import Path

import pytest

from app.demo.hospital import MAPS
from app.wayfinding.svg import PlanRefusedError, check_svg

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">'


def plan(inside: str) -> str:
    return f"{OPEN}{inside}</svg>"


@pytest.mark.parametrize("path", sorted(MAPS.glob("*.svg")), ids=lambda path: path.name)
def test_our_own_plans_pass_and_stay_as_they_are(path: Path) -> None:
    clean = check_svg(path.read_text(encoding="utf-8"))
    assert check_svg(clean) == clean


@pytest.mark.parametrize(
    ("inside", "reason", "name"),
    [
        ("<script>alert(1)</script>", "element", "script"),
        ("<foreignObject/>", "element", "foreignObject"),
        ("<style>*{}</style>", "element", "style"),
        ("<image href='x.png'/>", "element", "image"),
        ("<a href='#x'/>", "element", "a"),
        ("<animate attributeName='href'/>", "element", "animate"),
        ("<iframe xmlns='http://www.w3.org/1999/xhtml'/>", "element", "iframe"),
        ("<rect onclick='x()'/>", "attribute", "onclick"),
        ("<rect OnLoad='x()'/>", "attribute", "OnLoad"),
        ("<rect style='fill:red'/>", "attribute", "style"),
        ("<g xml:base='http://evil.example/'/>", "attribute", "base"),
        ("<use href='http://evil.example/x.svg#a'/>", "reference", "http://evil.example/x.svg#a"),
        ("<use xlink:href='data:image/svg+xml,x'/>", "reference", "data:image/svg+xml,x"),
        ("<rect href='#a'/>", "reference", "#a"),
        ("<rect fill='url(http://evil.example/#a)'/>", "reference", "url(http://evil.example/#a)"),
        (r"<rect fill='\75rl(http://evil.example)'/>", "reference", r"\75rl(http://evil.example)"),
        ("<g id='a'><use href='#b'/></g><use href='#a'/>", "nested_use", "#a"),
    ],
)
def test_what_is_more_than_a_drawing_is_refused_by_name(inside, reason, name) -> None:
    with pytest.raises(PlanRefusedError) as refused:
        check_svg(plan(inside))
    assert refused.value.details == {"reason": reason, "name": name}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no xml", "not_xml"),
        ("<svg", "not_xml"),
        ("<!DOCTYPE svg [<!ENTITY a 'b'>]>" + OPEN + "&a;</svg>", "not_xml"),
        ("<svg viewBox='0 0 9 9'/>", "not_svg"),
        ("<html xmlns='http://www.w3.org/1999/xhtml'/>", "not_svg"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "no_view_box"),
        (plan("<g/>" * 20_001), "too_large"),
        (plan(" " * 2_000_001), "too_large"),
    ],
)
def test_what_is_no_plan_is_refused(text, reason) -> None:
    with pytest.raises(PlanRefusedError) as refused:
        check_svg(text)
    assert refused.value.details["reason"] == reason


def test_comments_and_processing_instructions_do_not_survive() -> None:
    hidden = '<?xml-stylesheet href="http://evil.example/x.css"?>' + plan("<!-- secret --><g/>")
    assert "evil" not in check_svg(hidden)
    assert "secret" not in check_svg(hidden)


def test_local_references_pass() -> None:
    check_svg(plan("<symbol id='a'><rect fill='url(#b)'/></symbol><use href='#a'/>"))
