"""Accounts: who works here, as what and where; every change ends what the account held."""

from uuid import UUID

from flask import Response, make_response, render_template, url_for
from flask_babel import gettext as _

from app.accounts import queries
from app.accounts import services as accounts
from app.accounts.queries import StaffRow
from app.accounts.roles import Permission
from app.door import actor, back_to, requires
from app.tags.qr import qr_svg
from app.web.admin.forms import NewStaffForm, RoleForm
from app.web.admin.surface import blueprint
from app.web.forms import page_number, say


@blueprint.get("/users")
@requires(Permission.MANAGE_USERS)
def users() -> str:
    """List the accounts."""
    return render_template("admin/users.html", staff=queries.staff_list(page_number()))


@blueprint.get("/users/new")
@requires(Permission.MANAGE_USERS)
def new_user() -> str:
    """Ask who gets an account."""
    return render_template("admin/user_new.html", form=NewStaffForm())


@blueprint.post("/users")
@requires(Permission.MANAGE_USERS)
def create_user() -> Response:
    """Open an account and show its first password, once."""
    form, password = NewStaffForm(), accounts.new_password()
    if not form.submit(
        lambda: accounts.create_staff(
            form.username.data or "",
            form.name.data or "",
            form.role.data,
            password,
            units=form.units.data or (),
            by=actor(),
        )
    ):
        return make_response(render_template("admin/user_new.html", form=form), form.status)
    return _once(queries.staff_member(form.answer), password=password)


@blueprint.get("/users/<uuid:staff_id>")
@requires(Permission.MANAGE_USERS)
def user(staff_id: UUID) -> str:
    """Show one account, its rights and its sessions."""
    row = queries.staff_member(staff_id)
    return _page(row, RoleForm(role=row.role, units=list(row.units)))


@blueprint.post("/users/<uuid:staff_id>/role")
@requires(Permission.MANAGE_USERS)
def change_role(staff_id: UUID) -> Response:
    """Give an account another role or other units."""
    form = RoleForm()
    if not form.submit(
        lambda: accounts.change_role(staff_id, form.role.data, units=form.units.data or (), by=actor())
    ):
        return make_response(_page(queries.staff_member(staff_id), form), form.status)
    return _changed(staff_id, _("Saved. The account has to sign in again."))


@blueprint.post("/users/<uuid:staff_id>/disable")
@requires(Permission.MANAGE_USERS)
def disable_user(staff_id: UUID) -> Response:
    """Close an account; the last administrator's stays."""
    row = queries.staff_member(staff_id)
    form = RoleForm(role=row.role, units=list(row.units))
    form.role.data, form.units.data = row.role, list(row.units)
    if not form.carry_out(lambda: accounts.disable_staff(staff_id, by=actor()), at="role"):
        return make_response(_page(row, form), form.status)
    return _changed(staff_id, _("The account is closed; all its sessions have ended."))


@blueprint.post("/users/<uuid:staff_id>/enable")
@requires(Permission.MANAGE_USERS)
def enable_user(staff_id: UUID) -> Response:
    """Open a closed account again."""
    accounts.enable_staff(staff_id, by=actor())
    return _changed(staff_id, _("The account is open again."))


@blueprint.post("/users/<uuid:staff_id>/password")
@requires(Permission.MANAGE_USERS)
def give_password(staff_id: UUID) -> Response:
    """Give an account a new password and show it, once."""
    password = accounts.new_password()
    accounts.set_password(staff_id, password, by=actor())
    return _once(queries.staff_member(staff_id), password=password)


@blueprint.post("/users/<uuid:staff_id>/second-factor")
@requires(Permission.MANAGE_USERS)
def give_second_factor(staff_id: UUID) -> Response:
    """Give an account a second factor and show its code, once."""
    return _once(queries.staff_member(staff_id), code=accounts.enrol_second_factor(staff_id, by=actor()))


@blueprint.post("/users/<uuid:staff_id>/second-factor/remove")
@requires(Permission.MANAGE_USERS)
def remove_second_factor(staff_id: UUID) -> Response:
    """Take a lost second factor away."""
    accounts.remove_second_factor(staff_id, by=actor())
    return _changed(staff_id, _("The account signs in with its password alone now."))


@blueprint.post("/users/<uuid:staff_id>/sessions/end")
@requires(Permission.MANAGE_USERS)
def end_sessions(staff_id: UUID) -> Response:
    """End all sessions of an account."""
    accounts.revoke_all_of(staff_id, by=actor())
    return _changed(staff_id, _("All sessions have ended."))


@blueprint.post("/users/<uuid:staff_id>/sessions/<uuid:session_id>/end")
@requires(Permission.MANAGE_USERS)
def end_session(staff_id: UUID, session_id: UUID) -> Response:
    """End one session of an account."""
    accounts.revoke_session(session_id, by=actor())
    return _changed(staff_id, _("The session has ended."))


def _page(row: StaffRow, form: RoleForm) -> str:
    return render_template("admin/user.html", row=row, form=form, sessions=queries.sessions_of(row.id))


def _once(row: StaffRow, *, password: str | None = None, code: str | None = None) -> Response:
    """Show a secret in the answer itself: no address, no cookie and no table may hold it."""
    page = render_template(
        "admin/once.html",
        title=row.username,
        password=password,
        address=None,
        qr=qr_svg(code) if code else None,
        back=url_for("admin.user", staff_id=row.id),
    )
    return make_response(page)


def _changed(staff_id: UUID, words: str) -> Response:
    say(words)
    return back_to("admin.user", staff_id=staff_id)
