"""Floor plans from outside: parsed against an allow-list, handed back clean or refused."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, register_namespace, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from app.core.errors import RefusedError

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
LARGEST_CHARACTERS = 2_000_000
MOST_ELEMENTS = 20_000

# Drawing only: nothing that runs, loads, embeds, links or moves.
_ELEMENTS = """
    svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan linearGradient
    radialGradient stop clipPath pattern marker
"""
_ATTRIBUTES = """
    id class role viewBox width height x y x1 y1 x2 y2 dx dy cx cy r rx ry fx fy d points pathLength transform
    preserveAspectRatio version lang fill fill-opacity fill-rule clip-path clip-rule stroke stroke-width
    stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset opacity
    paint-order vector-effect shape-rendering text-rendering display visibility color font-family font-size
    font-weight font-style letter-spacing word-spacing text-anchor dominant-baseline alignment-baseline
    text-decoration textLength lengthAdjust writing-mode offset stop-color stop-opacity gradientUnits
    gradientTransform spreadMethod patternUnits patternContentUnits patternTransform clipPathUnits markerWidth
    markerHeight markerUnits refX refY orient marker-start marker-mid marker-end aria-label aria-hidden
    aria-labelledby
"""
ELEMENTS = frozenset(f"{{{SVG}}}{name}" for name in _ELEMENTS.split())
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
LOCAL = re.compile(r"#[A-Za-z_][\w.-]*")
# The backslash too: presentation attributes are CSS, where `\75rl(…)` is a url.
OUTSIDE = re.compile(r"url\((?!#)|(?:javascript|data|vbscript)\s*:|@import|expression\s*\(|\\", re.IGNORECASE)

register_namespace("", SVG)
register_namespace("xlink", XLINK)


class PlanRefusedError(RefusedError):
    """The file is no harmless floor plan; `reason` says why, `name` which element or attribute."""


def check_svg(text: str) -> str:
    """Return the plan written anew (comments and processing instructions gone), or refuse it."""
    if len(text) > LARGEST_CHARACTERS:
        raise PlanRefusedError(reason="too_large", name=str(LARGEST_CHARACTERS))
    try:
        root = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise PlanRefusedError(reason="not_xml", name=type(error).__name__) from None
    if root.tag != f"{{{SVG}}}svg":
        raise PlanRefusedError(reason="not_svg", name=_plain(root.tag))
    if not root.get("viewBox"):
        raise PlanRefusedError(reason="no_view_box", name="viewBox")
    for reason, name in _faults(root):
        raise PlanRefusedError(reason=reason, name=name)
    return tostring(root, encoding="unicode")


def _faults(root: Element) -> Iterator[tuple[str, str]]:
    """Yield what must not be in a plan, as reason and name."""
    elements = list(root.iter())
    if len(elements) > MOST_ELEMENTS:
        yield "too_large", str(MOST_ELEMENTS)
    for element in elements:
        if element.tag not in ELEMENTS:
            yield "element", _plain(element.tag)
        for name, value in element.attrib.items():
            yield from _attribute_faults(element, name, value)
    yield from _nested_use(root)


def _attribute_faults(element: Element, name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the faults of one attribute; references are good inside the file only, and on `use` only."""
    if name in {"href", f"{{{XLINK}}}href"}:
        if element.tag != f"{{{SVG}}}use" or not LOCAL.fullmatch(value):
            yield "reference", value[:80]
    elif name not in ATTRIBUTES:
        yield "attribute", _plain(name)
    elif OUTSIDE.search(value):
        yield "reference", value[:80]


def _nested_use(root: Element) -> Iterator[tuple[str, str]]:
    """Yield symbols that use symbols: ten levels of ten draw ten thousand million shapes."""
    by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
    for use in root.iter(f"{{{SVG}}}use"):
        href = use.get("href") or use.get(f"{{{XLINK}}}href") or ""
        target = by_id.get(href.removeprefix("#"))
        if target is not None and next(target.iter(f"{{{SVG}}}use"), None) is not None:
            yield "nested_use", href


def _plain(name: object) -> str:
    """Return a tag or attribute without its namespace."""
    return str(name).rpartition("}")[2][:80]
