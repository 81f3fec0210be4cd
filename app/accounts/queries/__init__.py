"""What may be read of accounts: frozen values made for one use each."""

from app.accounts.queries.directory import (
    DeviceRow,
    Page,
    StaffRow,
    UnitRow,
    devices,
    staff_list,
    staff_member,
    staff_named,
    units,
)
from app.accounts.queries.sessions import SessionRow, SignedIn, alive, sessions_of, signed_in, signed_in_as
from app.accounts.queries.trail import AuditLine, Trail, audit_trail
from app.accounts.queries.tries import identification_is_paused

__all__ = [
    "AuditLine",
    "DeviceRow",
    "Page",
    "SessionRow",
    "SignedIn",
    "StaffRow",
    "Trail",
    "UnitRow",
    "alive",
    "audit_trail",
    "devices",
    "identification_is_paused",
    "sessions_of",
    "signed_in",
    "signed_in_as",
    "staff_list",
    "staff_member",
    "staff_named",
    "units",
]
