"""Colours that can be read, sheets that stay small, templates that a strict policy lets through."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CSS = ROOT / "static/css"
BUDGET_BYTES = 25 * 1024
COMMON = ("tokens", "base", "components")
PAGES = {
    "phone": ("guide", "phone"),
    "login": ("login",),
    "kiosk": ("guide", "kiosk", "slip"),
    "ward": ("staff", "ward"),
    "desk": ("staff", "guide", "desk", "slip"),
    "records": ("staff", "records"),
    "admin": ("staff", "admin", "tags"),
    "shifts": ("staff", "admin", "shifts"),
    "board": ("board",),
}
SCRIPTS_BUDGET_BYTES = 15 * 1024
TOKEN = re.compile(r"(--[\w-]+):\s*([^;}]+)[;}]")
OWN_TEMPLATES = sorted((ROOT / "templates").glob("base_*.html")) + sorted(
    (ROOT / "templates/components").glob("*.html")
)


def sheet(name: str) -> str:
    return (CSS / f"{name}.css").read_text(encoding="utf-8")


def colours() -> dict[str, str]:
    found = TOKEN.findall(sheet("tokens"))
    return {name: value.strip() for name, value in found if re.fullmatch(r"#[0-9a-f]{3,6}", value.strip())}


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def text_pairs() -> Iterator[tuple[str, str]]:
    names = colours()
    for ink in names:
        if ink.endswith("-ink") and ink != "--ink":
            yield ink, ink.removesuffix("-ink") + "-bg"
    for ink in ("--ink", "--muted", "--primary-deep", "--danger-ink", "--ok-ink", "--soft-ink"):
        for ground in ("--paper", "--ground"):
            yield ink, ground
    yield from [
        ("--paper", "--primary-deep"),  # a pressed or hovered primary button
        ("--late-ink", "--danger-ink"),  # a hovered button of danger
        ("--board-ink", "--board-text-bg"),
        ("--board-text-ink", "--board-bg"),
        ("--ink", "--soft-bg"),
        ("--primary-bg", "--paper"),
    ]


@pytest.mark.parametrize(("ink", "ground"), list(text_pairs()))
def test_text_has_seven_to_one(ink: str, ground: str) -> None:
    names = colours()
    assert contrast(names[ink], names[ground]) >= 7


@pytest.mark.parametrize(
    ("mark", "ground"),
    [
        ("--edge", "--paper"),
        ("--edge", "--ground"),
        ("--focus", "--paper"),
        ("--focus", "--ground"),
        ("--focus", "--soft-bg"),
        ("--focus-dark", "--board-bg"),
        ("--focus-dark", "--called-bg"),
        ("--focus-dark", "--board-text-bg"),
    ],
)
def test_borders_and_focus_rings_have_three_to_one(mark: str, ground: str) -> None:
    names = colours()
    assert contrast(names[mark], names[ground]) >= 3


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_no_more_than_25_kilobytes_of_style(page: str) -> None:
    assert sum(len(sheet(name).encode()) for name in (*COMMON, *PAGES[page])) <= BUDGET_BYTES


def test_the_lock_of_staff_pages_is_small() -> None:
    # Fetched once for all pages of staff, beside what each of them may load by itself.
    assert len(sheet("lock").encode()) <= 1536
    assert (ROOT / "static/js/lock.js").stat().st_size <= 8 * 1024


def test_a_page_loads_no_more_than_15_kilobytes_of_our_script() -> None:
    shared = (ROOT / "static/js/app.js").stat().st_size
    for name in ("kiosk", "board", "phone"):
        assert shared + (ROOT / f"static/js/{name}.js").stat().st_size <= SCRIPTS_BUDGET_BYTES, name


def test_the_pages_of_staff_load_little_more() -> None:
    # A ward's page stays open for a shift: its keys and sheets come once, and the other lists do without them.
    shared, lists, shift = (
        (ROOT / f"static/js/{name}.js").stat().st_size for name in ("app", "ward", "shift")
    )
    assert shared + lists <= 17 * 1024
    assert shift <= SCRIPTS_BUDGET_BYTES


def test_alerts_cost_the_pages_that_show_them_little() -> None:
    # Ward and desk load them beside their own: a strip is small, and has a budget of its own.
    assert len(sheet("alerts").encode()) <= 2 * 1024
    assert (ROOT / "static/js/alerts.js").stat().st_size <= 5 * 1024


@pytest.mark.parametrize("path", sorted(CSS.glob("*.css")), ids=lambda path: path.stem)
def test_colours_stand_in_the_tokens_alone(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    if path.stem != "tokens":
        values = re.findall(r":\s([^;{}]+);", text)
        assert [value for value in values if re.search(r"#[0-9a-f]{3}|\brgba?\(|\bhsla?\(", value)] == []
    assert "@import" not in text
    assert "url(" not in text


@pytest.mark.parametrize("path", sorted(CSS.glob("*.css")), ids=lambda path: path.stem)
def test_every_token_that_is_used_exists(path: Path) -> None:
    defined = {name for sheet in CSS.glob("*.css") for name, _ in TOKEN.findall(sheet.read_text())}
    assert set(re.findall(r"var\((--[\w-]+)", path.read_text(encoding="utf-8"))) <= defined


@pytest.mark.parametrize("path", sorted(CSS.glob("*.css")), ids=lambda path: path.stem)
def test_every_sheet_keeps_the_order_of_layers(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "@layer reset, tokens, base, components, pages;"


@pytest.mark.parametrize(("device", "least_px"), [("32", 37), ("27", 44), ("24", 50), ("22", 55), ("16", 76)])
def test_kiosk_text_is_twelve_millimetres_high(device: str, least_px: int) -> None:
    # ux.md K2: a Hangul letter's ink is 0.87 em high, so 12 mm need a font of 13.8 mm.
    found = re.search(rf"\.device-{device}\w+ {{ --px-per-mm: ([\d.]+)", sheet("tokens"))
    px_per_mm = float(found[1]) if found else 2.71  # the 32 inch panel is the default
    assert px_per_mm * 13.8 >= least_px
    assert px_per_mm * 13.8 * 0.87 / px_per_mm >= 12


@pytest.mark.parametrize("path", OWN_TEMPLATES, ids=lambda path: path.name)
def test_templates_pass_a_strict_policy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\bstyle=|hx-on|js:|\|\s*safe\b|hx-trigger=\"[^\"]*\[|\son\w+=", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style", text)


@pytest.mark.parametrize(
    "path", [path for path in OWN_TEMPLATES if path.parent.name == "components"], ids=lambda path: path.name
)
def test_components_know_neither_request_nor_routes(path: Path) -> None:
    assert not re.search(r"\brequest\b|\burl_for\b|\bsession\b|\bcurrent_user\b", path.read_text("utf-8"))


@pytest.mark.parametrize("path", OWN_TEMPLATES, ids=lambda path: path.name)
def test_every_icon_that_is_drawn_is_in_the_sprite(path: Path) -> None:
    sprite = (ROOT / "static/icons/sprite.svg").read_text(encoding="utf-8")
    named = set(re.findall(r"icon\(\"([\w-]+)\"", path.read_text(encoding="utf-8")))
    named |= set(re.findall(r"icon_name=\"([\w-]+)\"", path.read_text(encoding="utf-8")))
    assert [name for name in named if f'id="{name}"' not in sprite] == []
