"""The demo's accounts: one of every role to hand out, and those who act in the simulated day."""

import secrets
from collections.abc import Iterator, Mapping
from itertools import count

from app.accounts import queries, services
from app.accounts.queries import StaffRow
from app.core.actor import SYSTEM, Actor
from app.core.ids import new_secret
from app.demo.catalogue import DAY_STAFF, RESERVED_STAFF, UNITS, StaffPlan

# Read from a terminal and typed into a tablet: no 0/o, 1/l/i. 12 of 31 signs are 59 bit.
SIGNS, GROUPS, GROUP_SIZE = "23456789abcdefghjkmnpqrstuvwxyz", 3, 4


def open_reserved(kept: Mapping[str, str]) -> dict[str, str]:
    """Open the reserved accounts that are missing; return their passwords by user name.

    `kept` are the passwords of earlier starts; a hash costs 60 ms, so an account that is there is trusted.
    """
    _open_units()
    known = {row.username: row.id for row in _everybody()}
    passwords = {plan.username: kept.get(plan.username) or new_password() for plan in RESERVED_STAFF}
    for plan in RESERVED_STAFF:
        if plan.username not in known:
            _open(plan, passwords[plan.username])
        elif plan.username not in kept:
            services.set_password(known[plan.username], passwords[plan.username], by=SYSTEM)
    return passwords


def open_day_staff() -> None:
    """Open the accounts of those who act in the simulated day; nobody can sign in to them."""
    _open_units()
    known = {row.username for row in _everybody()}
    for plan in DAY_STAFF:
        if plan.username not in known:
            _open(plan, new_secret())


def cast() -> dict[str, Actor]:
    """Return everybody as who they act, by user name; two statements per page of accounts."""
    units = {row.code: row.id for row in queries.units()}
    return {
        row.username: Actor(
            kind="staff",
            role=row.role,
            id=row.id,
            units=frozenset(units[code] for code in row.units),
            name=row.name,
        )
        for row in _everybody()
        if not row.is_disabled
    }


def new_password() -> str:
    """Return a password that nobody guesses and anybody can type."""
    return "-".join("".join(secrets.choice(SIGNS) for _ in range(GROUP_SIZE)) for _ in range(GROUPS))


def _everybody() -> Iterator[StaffRow]:
    for number in count(1):
        page = queries.staff_list(number)
        yield from page.rows
        if not page.has_more:
            return


def _open_units() -> None:
    known = {row.code for row in queries.units()}
    for code, name in UNITS.items():
        if code not in known:
            services.add_unit(code, name.ko, name.en, by=SYSTEM)


def _open(plan: StaffPlan, password: str) -> None:
    services.create_staff(plan.username, plan.name, plan.role, password, units=plan.units, by=SYSTEM)
