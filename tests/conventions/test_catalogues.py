"""Compiled catalogues are kept in the tree, so that a fresh clone speaks Korean; they equal their sources."""

from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.settings import ROOT


def test_compiled_catalogues_equal_their_sources() -> None:
    sources = sorted((ROOT / "translations").glob("*/LC_MESSAGES/*.po"))
    assert "ko" in {source.parts[-3] for source in sources}
    for source in sources:
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3])
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        is_same = source.with_suffix(".mo").read_bytes() == compiled.getvalue()
        assert is_same, f"{source}: run `make messages`"
