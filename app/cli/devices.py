"""flask devices: kiosks and boards are announced here, paired at the screen, and taken out of service."""

from datetime import timedelta
from uuid import UUID

import click
from flask_babel import gettext as _

from app import settings
from app.accounts import queries, services
from app.accounts.rules import DeviceKind
from app.core.actor import SYSTEM
from app.core.clock import local
from app.door.noun import Noun

devices = Noun("devices", help="Kiosks and boards.")


HOURS = click.option(
    "--hours", type=click.IntRange(1, 72), default=1, show_default=True, help="How long the code is good."
)


@devices.command()
@click.argument("kind", type=click.Choice([str(kind) for kind in DeviceKind]))
@click.argument("name")
@click.option("--place", help="Code of the map's node where it stands (a kiosk needs one).")
@click.option("--queue", "queue_id", type=click.UUID, help="The queue it shows (a board needs one).")
@HOURS
def pair(kind: str, name: str, place: str | None, queue_id: UUID | None, hours: int) -> None:
    """Announce a device and print the code that pairs it, once."""
    valid_for = timedelta(hours=hours)
    _say(services.announce_device(kind, name, place=place, queue_id=queue_id, valid_for=valid_for, by=SYSTEM))


@devices.command("pair-again")
@click.argument("device_id", type=click.UUID)
@HOURS
def pair_again(device_id: UUID, hours: int) -> None:
    """Print a new code for a known device whose browser was changed."""
    _say(services.reissue_pairing(device_id, valid_for=timedelta(hours=hours), by=SYSTEM))


@devices.command("list")
@click.option("--page", type=click.IntRange(1), default=1)
def list_devices(page: int) -> None:
    """List devices by name, with where they stand."""
    shown = queries.devices(page)
    for one in shown.rows:
        since = f"{local(one.paired_at):%Y-%m-%d}" if one.paired_at else "-"
        click.echo(
            f"{one.id}  {one.kind:5}  {one.state:7}  {since:10}  {one.place or one.queue_id}  {one.name}"
        )
    if shown.has_more:
        click.echo(_("More on page %(number)s.", number=page + 1))


@devices.command()
@click.argument("device_id", type=click.UUID)
def revoke(device_id: UUID) -> None:
    """Take a device out of service for good."""
    services.revoke_device(device_id, by=SYSTEM)
    click.echo(_("The device is out of service."))


def _say(offered: services.Pairing) -> None:
    address = f"{settings.current().public_url}/pair"
    click.echo(_("Open %(address)s on the device and enter %(code)s.", address=address, code=offered.code))
