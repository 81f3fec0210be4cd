"""flask models: which models measure here, what their cards say, and whether each would answer."""

import json

import click
from flask_babel import gettext as _

from app.door.noun import Noun
from app.imaging.services import offering
from app.imaging.services.offering import ModelRow

group = Noun("models", help="The models that measure.")
SHORT = 12


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def list_models(*, as_json: bool) -> None:
    """Say which models there are and what each is asked for, and which files are not used and why."""
    found = offering.listed()
    if as_json:
        click.echo(json.dumps({"models": [_plain(row) for row in found.rows], "refused": found.refused}))
        return
    for row in found.rows:
        click.echo(f"{row.id:32}  {row.version:10}  {row.sha256[:SHORT]}  {row.modality:4}  {_asked(row)}")
    for name, reason in sorted(found.refused.items()):
        click.echo(f"{name}  refused: {reason}")


@group.command()
@click.argument("model", metavar="ID[:VERSION]")
def show(model: str) -> None:
    """Print a model's card as JSON; without a version the last one by name."""
    model_id, _colon, version = model.partition(":")
    click.echo(json.dumps(offering.shown(model_id, version or None), ensure_ascii=False, indent=2))


@group.command()
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object: the reason by name, null where ready."
)
def check(*, as_json: bool) -> None:
    """Load each model as a study would, and say whether it is ready or why not; exit 1 where one is not."""
    found = []
    for one in offering.checked():
        found.append(one)
        if not as_json:
            click.echo(f"{one.name}  {one.reason or 'ready'}")
    if as_json:
        click.echo(json.dumps({one.name: one.reason or None for one in found}))
    if failed := sum(bool(one.reason) for one in found):
        raise click.ClickException(_("Not ready: %(count)s of %(all)s.", count=failed, all=len(found)))


def _asked(row: ModelRow) -> str:
    """Return what a model is asked for, in the words of the settings."""
    answers = f"answers {row.share:.0%}" if row.share else ""
    return ", ".join(filter(None, (answers, "shadow" if row.is_shadow else ""))) or "-"


def _plain(row: ModelRow) -> dict[str, object]:
    """Return the shape that monitors read."""
    return {
        "id": row.id,
        "version": row.version,
        "sha256": row.sha256,
        "modality": row.modality,
        "share": round(row.share, 4),
        "is_shadow": row.is_shadow,
    }
