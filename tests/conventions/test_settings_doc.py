"""docs/settings.md says what app/settings/ says."""

from app.cli.settings_doc import page
from app.settings import ROOT


def test_settings_page_is_the_generated_one() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page(), "run `make docs`"
