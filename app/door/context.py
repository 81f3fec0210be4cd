"""What every template may say without being handed it: language, site, the person's name, the way around."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, request, url_for
from flask_babel import gettext as _

from app import settings
from app.accounts.roles import STAFF_ROLES, Permission, Role, may
from app.core.words import N_
from app.door.identity import actor, new_key, signed_in
from app.door.language import locale

ROLE_WORDS = {
    Role.DESK: N_("Reception desk"),
    Role.NURSE: N_("Nurse"),
    Role.CHARGE_NURSE: N_("Charge nurse"),
    Role.DOCTOR: N_("Doctor"),
    Role.TECHNICIAN: N_("Technician"),
    Role.RADIOLOGY: N_("Radiologist"),
    Role.PHARMACY: N_("Pharmacist"),
    Role.CASHIER: N_("Cashier"),
    Role.ADMIN: N_("Administrator"),
    Role.AUDITOR: N_("Auditor"),
}


@dataclass(frozen=True, slots=True)
class Door:
    """A staff surface that somebody may open."""

    endpoint: str
    label: str
    icon: str
    permission: Permission


DOORS = (
    Door("ward.choose", N_("Ward"), "users", Permission.DRIVE_QUEUE),
    Door("desk.today", N_("Reception desk"), "clipboard-list", Permission.BOOK_VISIT),
    Door("records.search", N_("Patient records"), "id-card", Permission.SEE_PATIENT),
    Door("radiology.worklist", N_("Radiology"), "scan-line", Permission.WRITE_REPORT),
    Door("cashier.waiting", N_("Cashier"), "credit-card", Permission.PAY_VISIT),
    Door("pharmacy.waiting", N_("Pharmacy"), "pill", Permission.MANAGE_STOCK),
    Door("imaging.upload", N_("Image intake"), "image", Permission.UPLOAD_IMAGES),
    Door("admin.home", N_("Administration"), "settings", Permission.MANAGE_USERS),
    Door("catalogue.items", N_("Catalogue"), "package", Permission.MANAGE_CATALOGUE),
    Door("admin.audit", N_("Audit"), "shield-check", Permission.SEE_AUDIT),
)


def role_word(role: str) -> str:
    """Return a role's name in the language of the request."""
    return str(_(ROLE_WORDS.get(Role(role), role)))


def home_of(role: str) -> str:
    """Return the endpoint where a role's work begins."""
    by = actor()
    return (
        next((door.endpoint for door in DOORS if may(by, door.permission)), "login.choose")
        if role
        else "login.choose"
    )


def init_app(app: Flask) -> None:
    """Install the common names."""
    app.jinja_env.globals["new_key"] = new_key
    app.jinja_env.globals["role_word"] = role_word
    app.context_processor(_common)


def _common() -> dict[str, Any]:
    common: dict[str, Any] = {"locale": locale(), "site_name": settings.current().site_name}
    found = signed_in() if request and request.endpoint else None
    if found is None or Role(found.role) not in STAFF_ROLES:
        return common
    by = actor()
    blueprint = (request.endpoint or "").partition(".")[0]
    nav = [
        {
            "label": _(door.label),
            "url": url_for(door.endpoint),
            "icon": door.icon,
            "current": door.endpoint.partition(".")[0] == blueprint,
        }
        for door in DOORS
        if may(by, door.permission)
    ]
    return {
        **common,
        "nav": nav,
        "user": {"name": found.name, "role": role_word(found.role)},
        "lock_minutes": settings.current().privacy_lock_minutes,
        "signed_out_url": url_for("login.sign_in"),
    }
