"""flask imaging: files taken over from a disc or a folder, and how the archive stands."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click
from flask_babel import gettext as _

from app.core.actor import SYSTEM
from app.door.language import told
from app.door.noun import Noun
from app.imaging import queries
from app.imaging import services as imaging
from app.imaging.queries import StudyRow
from app.imaging.services import Outcome

group = Noun("imaging", help="Studies and the image archive.")
SOURCE = "command"


@group.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def ingest(paths: tuple[Path, ...], *, as_json: bool) -> None:
    """Take over DICOM files and folders of them; may be stopped and begun again. Fails where a file is not kept."""
    counts: Counter[Outcome] = Counter()
    refused = []
    for taken in imaging.ingest(paths, source=SOURCE, by=SYSTEM):
        counts[taken.outcome] += 1
        if taken.outcome in {Outcome.QUARANTINED, Outcome.TURNED_AWAY}:
            refused.append({"file": taken.name, "reason": told(taken.sentence)})
            if not as_json:
                click.echo(f"{taken.name}  {told(taken.sentence)}")
    if as_json:
        click.echo(
            json.dumps(
                {
                    "received": counts.total(),
                    **{str(one): counts[one] for one in Outcome},
                    "refused": refused,
                },
                ensure_ascii=False,
            )
        )
    else:
        click.echo(
            _(
                "Received: %(received)s – stored %(stored)s, there already %(repeated)s, set aside %(quarantined)s",
                received=counts.total(),
                **{str(one): counts[one] for one in Outcome},
            )
        )
    if counts[Outcome.TURNED_AWAY]:
        raise click.ClickException(
            _(
                "Not kept: %(count)s. The quarantine is full; tidy it up (/imaging/quarantine) and begin again.",
                count=counts[Outcome.TURNED_AWAY],
            )
        )


@group.command()
@click.argument("study", metavar="STUDY-UID")
@click.option("--again", is_flag=True, help="Also where it has its answer.")
def analyse(study: str, *, again: bool) -> None:
    """Ask a worker to measure a study; what a model has said of these very pictures it is not asked twice."""
    imaging.analyse(study, again=again, by=SYSTEM)
    click.echo(_("The study will be analysed as soon as no more pictures come."))


@group.command()
@click.option("--missing", "is_all", flag_value=False, type=bool, default=False, help="What is not there.")
@click.option("--all", "is_all", flag_value=True, type=bool, help="All of it anew.")
@click.option("--study", metavar="UID", help="One study alone.")
def renditions(*, study: str | None, is_all: bool) -> None:
    """Write the HTJ2K renditions that are missing, or all of them anew; may be stopped and begun again."""
    for uid in imaging.render_again(study=study, is_all=is_all):
        click.echo(uid)
    _tell_renditions()


@group.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(*, as_json: bool) -> None:
    """Say how many pictures are kept, how many files were set aside, and how each study stands."""
    found = queries.status()
    if as_json:
        click.echo(
            json.dumps(
                {
                    "stored": found.stored,
                    "quarantined": found.quarantined,
                    "renditions": asdict(imaging.count_renditions()),
                    "states": {str(state): count for state, count in queries.counted().states.items()},
                    "studies": [_plain(row) for row in found.studies],
                },
                ensure_ascii=False,
            )
        )
        return
    click.echo(
        _(
            "Stored %(stored)s, set aside %(quarantined)s",
            stored=found.stored,
            quarantined=found.quarantined,
        )
    )
    _tell_renditions()
    click.echo(", ".join(f"{state} {count}" for state, count in queries.counted().states.items()))
    for row in found.studies:
        progress = "" if row.progress is None else f" {row.progress}%"
        said = f"{row.state}{progress}  {told(row.detail)}"
        click.echo(f"{row.study_instance_uid:64}  {row.modality:4}  {row.instances:5}  {said}")
    for one in queries.quarantine():
        click.echo(f"{one.sha256[:12]}  {one.name}  {told(one.sentence)}")


def _tell_renditions() -> None:
    counted = imaging.count_renditions()
    click.echo(
        _(
            "Renditions: %(made)s of %(frames)s frames; %(left_alone)s files left as they are",
            **asdict(counted),
        )
    )


def _plain(row: StudyRow) -> dict[str, object]:
    """Return the shape that monitors read."""
    return {
        "study_instance_uid": row.study_instance_uid,
        "patient": None if row.patient_id is None else str(row.patient_id),
        "state": str(row.state),
        "detail": told(row.detail),
        "modality": row.modality,
        "series": row.series,
        "instances": row.instances,
    }
