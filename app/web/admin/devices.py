"""Devices: kiosks and boards, announced here, paired where they stand, revoked when they are gone."""

from uuid import UUID

from flask import Response, make_response, render_template, url_for
from flask_babel import gettext as _

from app import settings
from app.accounts import queries
from app.accounts import services as accounts
from app.accounts.roles import Permission
from app.accounts.services import Pairing
from app.door import actor, back_to, requires
from app.queues import queries as queues
from app.tags.qr import qr_svg
from app.web.admin.forms import NewDeviceForm
from app.web.admin.surface import blueprint
from app.web.forms import page_number, say


@blueprint.get("/devices")
@requires(Permission.MANAGE_DEVICES)
def devices() -> str:
    """List kiosks and boards."""
    return _page(NewDeviceForm())


@blueprint.post("/devices")
@requires(Permission.MANAGE_DEVICES)
def announce_device() -> Response:
    """Announce a device and show its pairing code, once."""
    form = NewDeviceForm()
    if not form.submit(
        lambda: accounts.announce_device(
            form.kind.data,
            form.name.data or "",
            place=form.place.data or None,
            queue_id=UUID(form.queue_id.data) if form.queue_id.data else None,
            by=actor(),
        )
    ):
        return make_response(_page(form), form.status)
    return _once(form.answer, form.name.data or "")


@blueprint.post("/devices/<uuid:device_id>/pairing")
@requires(Permission.MANAGE_DEVICES)
def reissue_pairing(device_id: UUID) -> Response:
    """Give a device a new pairing code and show it, once."""
    return _once(accounts.reissue_pairing(device_id, by=actor()), _("Connect this device"))


@blueprint.post("/devices/<uuid:device_id>/revoke")
@requires(Permission.MANAGE_DEVICES)
def revoke_device(device_id: UUID) -> Response:
    """Take a device out of service for good."""
    accounts.revoke_device(device_id, by=actor())
    say(_("The device is out of service; its screen goes dark."))
    return back_to("admin.devices")


def _page(form: NewDeviceForm) -> str:
    return render_template(
        "admin/devices.html",
        devices=queries.devices(page_number()),
        queues={head.id: head for head in queues.heads()},
        form=form,
    )


def _once(pairing: Pairing, name: str) -> Response:
    address = settings.current().public_url.rstrip("/") + url_for("login.pair", code=pairing.code)
    page = render_template(
        "admin/once.html",
        title=name,
        password=pairing.code,
        address=address,
        qr=qr_svg(address),
        back=url_for("admin.devices"),
    )
    return make_response(page)
