"""QR codes for walls and slips: at least error level M, quiet zone of four modules, no style of their own."""

import io

import segno
from markupsafe import Markup

QUIET_ZONE = 4
PNG_SCALE = 20  # 41 modules give 820 px: 70 mm at 300 dpi


def qr_svg(url: str) -> str:
    """Return the code as an SVG for pages and paper; its sheet decides the size."""
    out = io.BytesIO()
    _code(url).save(
        out,
        kind="svg",
        border=QUIET_ZONE,
        xmldecl=False,
        nl=False,
        omitsize=True,
        dark="#000",
        light="#fff",  # the quiet zone must be white on any ground
        svgclass="qr-code",
        lineclass="qr-dark",
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - modules drawn by segno; the URL itself is not in it


def qr_png(url: str) -> bytes:
    """Return the code as a PNG for whoever writes their own label."""
    out = io.BytesIO()
    _code(url).save(out, kind="png", border=QUIET_ZONE, scale=PNG_SCALE)
    return out.getvalue()


def _code(url: str) -> segno.QRCode:
    return segno.make(url, error="m", micro=False)
