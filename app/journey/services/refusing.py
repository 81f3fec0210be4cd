"""Ways that the house does not walk yet: refused like any other, after the right and the version were looked at."""

from collections.abc import Mapping
from typing import NoReturn
from uuid import UUID

from app.accounts.roles import Facts, Permission, may, require
from app.core.actor import Actor
from app.core.errors import TransitionRefusedError
from app.core.locking import check_version
from app.journey.queries import Standing, standing_of_entry, standing_of_visit
from app.journey.states import Command, State, check
from app.queues.states import EntryStatus

# Whose word each way is; patients may give those of OWN for their own visit (decisions 4).
RIGHTS: Mapping[Command, Permission] = {
    Command.WAIVE: Permission.ADD_STEP,
    Command.VOID: Permission.VOID_VISIT,
    Command.CLOSE: Permission.VOID_VISIT,
}
OWN = frozenset({Command.HOLD, Command.RE_ENTER, Command.CANCEL, Command.LEAVE})


def refuse_for_entry(command: Command, entry_id: UUID, *, version: int | None, by: Actor) -> NoReturn:
    """Refuse a command on an entry; its version is compared first. One statement, nothing written."""
    now = standing_of_entry(entry_id)
    _check_right(command, now, by=by)
    _refuse(command, now, found=now.entry_version or 0, seen=version)


def refuse_for_visit(command: Command, visit_id: UUID, *, version: int | None, by: Actor) -> NoReturn:
    """Refuse a command on a visit; its version is compared first. One statement, nothing written."""
    now = standing_of_visit(visit_id)
    _check_right(command, now, by=by)
    _refuse(command, now, found=now.visit_version, seen=version)


def _check_right(command: Command, now: Standing, *, by: Actor) -> None:
    facts = Facts(visit=now.visit_id, unit=now.unit)
    require(by, Permission.SEE_VISIT, facts)
    is_own = command in OWN and may(by, Permission.GUIDE_OWN_VISIT)
    require(by, Permission.GUIDE_OWN_VISIT if is_own else RIGHTS.get(command, Permission.DRIVE_QUEUE), facts)


def _refuse(command: Command, now: Standing, *, found: int, seen: int | None) -> NoReturn:
    state, entry = State(now.state), EntryStatus(now.entry_status) if now.entry_status else None
    check_version(found, seen, state=state, entry=entry)
    check(command, state, entry)
    raise TransitionRefusedError(command=str(command), state=state, entry=entry)
