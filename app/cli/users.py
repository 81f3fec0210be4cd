"""flask users: accounts at the machine itself, for the first administrator and when none can sign in."""

from typing import IO, Any
from uuid import UUID

import click
from flask_babel import gettext as _

from app.accounts import queries, services
from app.accounts.roles import STAFF_ROLES
from app.core.actor import SYSTEM
from app.core.clock import local
from app.core.errors import NotFoundError
from app.door.noun import Noun

users = Noun("users", help="Staff accounts and their sessions.")

ROLES = click.Choice(sorted(str(role) for role in STAFF_ROLES))
# Never an argument: every user of the machine can read the arguments of a process.
password_file = click.option(
    "--password-file",
    type=click.File(encoding="utf-8"),
    help="Read the password from a file, or '-'; else ask.",
)


@users.command()
@click.argument("username")
@click.option("--name", required=True, help="The name that colleagues see.")
@click.option("--role", required=True, type=ROLES)
@click.option("--unit", "units", multiple=True, help="Code of a ward or department; may be repeated.")
@password_file
def create(
    username: str, name: str, role: str, units: tuple[str, ...], password_file: IO[str] | None
) -> None:
    """Open an account."""
    services.create_staff(username, name, role, _password(password_file), units=units, by=SYSTEM)
    click.echo(_("%(username)s may sign in now.", username=username))


@users.command()
@click.argument("username")
def disable(username: str) -> None:
    """Close an account and end all its sessions."""
    services.disable_staff(_id_of(username), by=SYSTEM)
    click.echo(_("%(username)s can no longer sign in; all sessions have ended.", username=username))


@users.command()
@click.argument("username")
def enable(username: str) -> None:
    """Open a closed account again."""
    services.enable_staff(_id_of(username), by=SYSTEM)
    click.echo(_("%(username)s may sign in now.", username=username))


@users.command()
@click.argument("username")
@click.argument("role", type=ROLES)
@click.option("--unit", "units", multiple=True, help="New units instead of the old; may be repeated.")
def role(username: str, role: str, units: tuple[str, ...]) -> None:
    """Give an account another role; its sessions end."""
    services.change_role(_id_of(username), role, units=units or None, by=SYSTEM)
    click.echo(
        _("%(username)s has the role %(role)s now; all sessions have ended.", username=username, role=role)
    )


@users.command()
@click.argument("username")
def sessions(username: str) -> None:
    """List the sessions of an account that hold."""
    held = queries.sessions_of(_id_of(username))
    for one in held:
        click.echo(f"{one.id}  {one.channel:6}  {one.ip or '-':15}  {local(one.last_seen_at):%Y-%m-%d %H:%M}")
    click.echo(_("%(username)s holds sessions: %(count)s.", username=username, count=len(held)))


@users.command()
@click.argument("username")
@click.option("--session", type=click.UUID, help="Only this one, as `flask users sessions` names it.")
def revoke(username: str, session: UUID | None) -> None:
    """End all sessions of an account, or one."""
    staff_id = _id_of(username)
    ended = 1
    if session is None:
        ended = services.revoke_all_of(staff_id, by=SYSTEM)
    else:
        services.revoke_session(session, by=SYSTEM)
    click.echo(_("Sessions of %(username)s ended: %(count)s.", username=username, count=ended))


@users.command()
@click.argument("username")
@password_file
def password(username: str, password_file: IO[str] | None) -> None:
    """Give an account another password; its sessions end."""
    services.set_password(_id_of(username), _password(password_file), by=SYSTEM)
    click.echo(_("%(username)s has a new password; all sessions have ended.", username=username))


@users.command("second-factor")
@click.argument("username")
@click.option("--remove", is_flag=True, help="Take a lost one away.")
def second_factor(username: str, *, remove: bool) -> None:
    """Give an account a second factor and show the address for its authenticator once."""
    if remove:
        services.remove_second_factor(_id_of(username), by=SYSTEM)
        click.echo(_("%(username)s signs in with the password alone now.", username=username))
        return
    click.echo(services.enrol_second_factor(_id_of(username), by=SYSTEM))


def _id_of(username: str) -> UUID:
    found = queries.staff_named(username)
    if found is None:
        raise NotFoundError(username=username)
    return found.id


def _password(file: IO[str] | None) -> str:
    if file is not None:
        return file.read().rstrip("\r\n")
    asked: Any = click.prompt(_("Password"), hide_input=True, confirmation_prompt=True)
    return str(asked)
