"""What accounts does: signing in and out, sessions, devices, staff, API tokens; one use case each."""

from app.accounts.passwords import generate as new_password
from app.accounts.services.api_tokens import Tokens, issue_tokens, refresh_tokens, revoke_tokens
from app.accounts.services.devices import (
    Paired,
    Pairing,
    announce_device,
    open_device_session,
    pair_device,
    reissue_pairing,
    revoke_device,
)
from app.accounts.services.housekeeping import purge_expired
from app.accounts.services.limits import may_try, note_failure, trying
from app.accounts.services.privacy import (
    has_pin,
    idle_time,
    lock_if_idle,
    lock_screen,
    set_pin,
    unlock_screen,
)
from app.accounts.services.sessions import (
    OpenSession,
    end_sessions_of_visit,
    issue_ticket,
    let_sessions_of_visit_end,
    open_patient_session,
    revoke_session,
    sign_out,
    touch_session,
    use_ticket,
)
from app.accounts.services.sign_in import sign_in_staff
from app.accounts.services.staff import (
    add_unit,
    change_password,
    change_role,
    create_staff,
    disable_staff,
    enable_staff,
    enrol_second_factor,
    remove_second_factor,
    revoke_all_of,
    set_password,
)

__all__ = [
    "OpenSession",
    "Paired",
    "Pairing",
    "Tokens",
    "add_unit",
    "announce_device",
    "change_password",
    "change_role",
    "create_staff",
    "disable_staff",
    "enable_staff",
    "end_sessions_of_visit",
    "enrol_second_factor",
    "has_pin",
    "idle_time",
    "issue_ticket",
    "issue_tokens",
    "let_sessions_of_visit_end",
    "lock_if_idle",
    "lock_screen",
    "may_try",
    "new_password",
    "note_failure",
    "open_device_session",
    "open_patient_session",
    "pair_device",
    "purge_expired",
    "refresh_tokens",
    "reissue_pairing",
    "remove_second_factor",
    "revoke_all_of",
    "revoke_device",
    "revoke_session",
    "revoke_tokens",
    "set_password",
    "set_pin",
    "sign_in_staff",
    "sign_out",
    "touch_session",
    "trying",
    "unlock_screen",
    "use_ticket",
]
