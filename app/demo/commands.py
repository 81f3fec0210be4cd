"""flask demo: the demo hospital loaded, in motion, crowded or emptied; refused in production."""

import json
import signal
from dataclasses import asdict
from types import FrameType
from uuid import UUID

import click
import flask_migrate

from app.core import transaction
from app.demo import crowd as crowding
from app.demo import day as playing
from app.demo import leaflet, loading, pictures
from app.demo.guard import DemoRefusedError, refuse_outside_demo
from app.door.noun import Noun


class DemoNoun(Noun):
    """The noun `demo`, whose verbs a real hospital refuses."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a verb in a demo only."""
        try:
            refuse_outside_demo()
            return super().invoke(ctx)
        except DemoRefusedError as refused:
            raise click.ClickException(str(refused)) from refused


demo = DemoNoun("demo", help="The demo hospital; never in production.")


@demo.command()
def load() -> None:
    """Make the demo ready: build what is missing, expect today's reserved patients, write var/demo.json."""
    made = loading.load()
    pictures.take_in()
    click.echo(
        f"시연 병원을 준비했습니다(환자 {len(made['patients'])}명).  "
        f"The demo is ready: {len(made['patients'])} reserved patients, see {leaflet.path()}."
    )


@demo.command()
def day() -> None:
    """Move the simulated day's patients until TERM."""
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    playing.run(lambda: bool(asked))


@demo.command()
@click.option(
    "--queue", "queue_id", type=click.UUID, required=True, help="Id of the queue, as in its address."
)
@click.option("--waiting", type=click.IntRange(min=0), default=40, show_default=True, help="How many wait.")
@click.option("--rooms", type=click.IntRange(min=0), default=0, show_default=True, help="How many rooms.")
@click.option("--json", "as_json", is_flag=True, help="Print the ids instead of a sentence.")
def crowd(queue_id: UUID, waiting: int, rooms: int, *, as_json: bool) -> None:
    """Fill a queue until so many wait, and add rooms until there are so many."""
    made = crowding.gather(queue_id, waiting=waiting, rooms=rooms)
    if as_json:
        click.echo(json.dumps(asdict(made), default=str, ensure_ascii=False))
        return
    click.echo(
        f"{made.name_ko}: {len(made.entries)}명이 {len(made.service_points)}개 방 앞에서 기다립니다.  "
        f"{made.name_en}: {len(made.entries)} people wait for {len(made.service_points)} rooms."
    )


@demo.command()
@click.option("--yes", is_flag=True, help="Really delete everything.")
def reset(*, yes: bool) -> None:
    """Empty the database: people, visits, accounts, audit and all; the next start loads the demo anew."""
    if not yes:
        raise click.ClickException(
            "모든 데이터가 삭제됩니다. --yes를 붙여 주세요.  Everything would be deleted: say --yes."
        )
    transaction.release()
    flask_migrate.downgrade(revision="base")
    flask_migrate.upgrade()
    leaflet.discard()
    click.echo("데이터를 모두 비웠습니다.  Everything is deleted; `flask demo load` begins anew.")
