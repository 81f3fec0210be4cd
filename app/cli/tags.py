"""flask tags: hang up, print, renew and retire what phones are held to."""

import base64
from pathlib import Path

import click
from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from app import settings
from app.core.actor import SYSTEM
from app.core.clock import local
from app.door.noun import Noun
from app.tags import queries, services
from app.tags.rules import TagKind
from app.wayfinding.rules import Name

SHEETS = ("tokens", "base", "tags")

tags = Noun("tags", help="What phones are held to: NFC tags with their QR codes.")


@tags.command()
@click.argument("place")
@click.option("--kind", type=click.Choice([str(kind) for kind in TagKind]), required=True)
@click.option("--name-ko", help="Name on the label; the map's by default.")
@click.option("--name-en", help="The same in English.")
@click.option("--site", help="Code of the site, where two have this place.")
def issue(place: str, kind: str, name_ko: str | None, name_en: str | None, site: str | None) -> None:
    """Hang up a tag at a PLACE of the map and print the address of its label."""
    name = Name(name_ko or "", name_en or "") if name_ko or name_en else None
    tag = services.issue(place, kind=kind, name=name, site=site, by=SYSTEM)
    click.echo(f"{tag.token_id}  {tag.url}")


@tags.command()
@click.argument("token_ids", nargs=-1)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@click.option("--locale", help="Language of the labels; the house's first by default.")
def sheet(token_ids: tuple[str, ...], out: Path, locale: str | None) -> None:
    """Write the labels of the tags in service (or of TOKEN_IDS) as an A4 page, two by five, to print."""
    locale = locale or settings.current().locales[0]
    labels = queries.sheet(locale, token_ids=token_ids)
    with force_locale(locale):
        page = render_template(
            "admin/tag_sheet.html", labels=labels, stylesheets=_carried_sheets(), locale=locale
        )
    out.write_text(page, encoding="utf-8")
    click.echo(_("Labels in %(file)s: %(count)s.", file=out, count=len(labels)))


@tags.command()
@click.argument("token_id")
def rotate(token_id: str) -> None:
    """Make a new label; the old one is refused from now on."""
    click.echo(f"{token_id}  {services.rotate(token_id, by=SYSTEM).url}")


@tags.command()
@click.argument("token_id")
def revoke(token_id: str) -> None:
    """Take a tag out of service for good."""
    services.revoke(token_id, version=queries.tag(token_id).version, by=SYSTEM)
    click.echo(_("The tag is out of service."))


@tags.command("list")
@click.option("--page", type=click.IntRange(1), default=1)
def list_tags(page: int) -> None:
    """List tags, those in service first, with the last time somebody tapped them."""
    shown = queries.tags(page)
    for one in shown.rows:
        state = "active" if one.is_active else "revoked"
        tapped = f"{local(one.last_tap_at):%Y-%m-%d %H:%M}" if one.last_tap_at else "-"
        click.echo(f"{one.token_id}  {one.kind:8}  {state:7}  {tapped:16}  {one.place}  {one.name.ko}")
    if shown.page < shown.pages:
        click.echo(_("More on page %(number)s.", number=shown.page + 1))


def _carried_sheets() -> list[str]:
    """Return the style sheets as data, so that the file prints where no server is reached."""
    folder = Path(current_app.static_folder or "static") / "css"
    return [
        f"data:text/css;base64,{base64.b64encode((folder / f'{name}.css').read_bytes()).decode()}"
        for name in SHEETS
    ]
