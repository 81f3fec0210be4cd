"""The code on the wall: small enough, read back to the letter, and welcome under the strictest CSP."""

import re
import struct
from xml.etree import ElementTree as ET

import pytest
import segno

from app.tags import qr, signing
from app.tags.rules import TagKind

pytestmark = pytest.mark.usefixtures("with_keys")
SVG = "{http://www.w3.org/2000/svg}"


def dark_modules(svg: str) -> set[tuple[int, int]]:
    """Walk the path as a browser draws it and return the dark squares as (x, y)."""
    root = ET.fromstring(svg)  # noqa: S314 - our own output
    drawn = next(path for path in root.iter(f"{SVG}path") if path.get("class") == "qr-dark").get("d", "")
    found, x, y = set(), 0.0, 0.0
    for step, numbers in re.findall(r"([Mmh])([-\d. ]+)", drawn):
        values = [float(one) for one in re.findall(r"-?[\d.]+", numbers)]
        if step == "h":
            found |= {(int(x) + i, int(y)) for i in range(int(values[0]))}
            x += values[0]
        else:
            x, y = (values[0], values[1]) if step == "M" else (x + values[0], y + values[1])
    return found


def test_the_drawing_is_the_code_of_the_url() -> None:
    url = signing.url_of("Zm9vYmFyYmF6", 1)
    expected = {
        (x + qr.QUIET_ZONE, y + qr.QUIET_ZONE)
        for y, row in enumerate(segno.make(url, error="m", micro=False).matrix)
        for x, module in enumerate(row)
        if module
    }
    assert dark_modules(qr.qr_svg(url)) == expected


def test_an_address_of_a_usual_length_fits_version_four() -> None:
    url = signing.url_of("Zm9vYmFyYmF6", 1)
    assert len(url) == 57
    code = qr._code(url)
    assert code.version == 4
    assert code.error == "M"


def test_a_quiet_zone_of_four_modules_stays_white() -> None:
    url = signing.url_of("Zm9vYmFyYmF6", 1)
    svg = qr.qr_svg(url)
    assert ET.fromstring(svg).get("viewBox") == "0 0 41 41"  # noqa: S314
    assert {min(x for x, _ in dark_modules(svg)), max(x for x, _ in dark_modules(svg))} == {4, 36}
    assert 'fill="#fff"' in svg


@pytest.mark.parametrize("kind", TagKind)
def test_the_svg_carries_no_style_and_no_script(kind: TagKind) -> None:
    svg = qr.qr_svg(f"https://annae.hospital.kr/t/{kind}")
    root = ET.fromstring(svg)  # noqa: S314
    assert {one.tag for one in root.iter()} == {f"{SVG}svg", f"{SVG}path"}
    allowed = {"viewBox", "class", "d", "fill", "stroke", "transform"}
    assert {name for one in root.iter() for name in one.attrib} <= allowed
    assert hasattr(svg, "__html__"), "templates show it as it is"


def test_the_png_prints_seventy_millimetres_sharp() -> None:
    png = qr.qr_png(signing.url_of("Zm9vYmFyYmF6", 1))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", png[16:24]) == (820, 820)
