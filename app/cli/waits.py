"""flask waits: how good the forecasts were, and learning from them now instead of at night."""

import json

import click
from flask_babel import gettext as _

from app.door.noun import Noun
from app.waits import queries
from app.waits import services as waits
from app.waits.queries import QueueReport

MOST_DAYS = 35

group = Noun("waits", help="Forecasts of waiting times.")


@group.command()
@click.option("--days", type=click.IntRange(1, MOST_DAYS), default=queries.REPORT_DAYS, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object by queue.")
def report(days: int, *, as_json: bool) -> None:
    """Say of each queue how far off the forecasts were (minutes), and how many waits its ranges held."""
    rows = queries.report(days)
    if as_json:
        click.echo(json.dumps({row.code: _plain(row) for row in rows}))
        return
    for row in rows:
        one = row.measured
        click.echo(
            f"{row.code:16}  n {one.count:6}  mae {_figure(one.mae_minutes)}  bias {_figure(one.bias_minutes)}"
            f"  over 5 min {one.busy_count:6}  coverage {_share(one.coverage)}  late {_share(one.late_share)}"
            f"  {one.verdict}"
        )


@group.command()
def calibrate() -> None:
    """Learn the ranges from the last ten full days, now; the clock does it each night."""
    click.echo(_("Queues calibrated: %(count)s", count=waits.calibrate()))


def _plain(row: QueueReport) -> dict[str, object]:
    one = row.measured
    return {
        "id": str(row.id),
        "count": one.count,
        "mae_minutes": one.mae_minutes,
        "bias_minutes": one.bias_minutes,
        "busy_count": one.busy_count,
        "coverage": one.coverage,
        "late_share": one.late_share,
        "verdict": one.verdict,
    }


def _figure(value: float | None) -> str:
    return "    –" if value is None else f"{value:5.1f}"


def _share(value: float | None) -> str:
    return "   –" if value is None else f"{value:4.0%}"
