"""Order sets: what is ordered together under one name."""

from uuid import UUID

from flask import Response, make_response, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards.queries import shelves as boards
from app.core.errors import NotFoundError, VersionStaleError
from app.door import actor, back_to, requires, show
from app.emr.queries import Snapshot
from app.orders import queries
from app.orders import services as orders
from app.orders.queries import Set
from app.web import conflicts
from app.web.catalogue.forms import SetForm, lines_of
from app.web.catalogue.surface import blueprint
from app.web.forms import say


@blueprint.get("/sets")
@requires(Permission.MANAGE_CATALOGUE)
def sets() -> str:
    """Show the order sets."""
    by = actor()
    known = {one.code: one for one in queries.catalogue(with_withdrawn=True, by=by)}
    return show("catalogue/sets.html", sets=queries.order_sets(by=by), known=known)


@blueprint.get("/sets/new")
@requires(Permission.MANAGE_CATALOGUE)
def new_set() -> str:
    """Ask what is ordered together."""
    return _page(SetForm(), None)


@blueprint.post("/sets")
@requires(Permission.MANAGE_CATALOGUE)
def add_set() -> Response:
    """Name items that are ordered together."""
    form = SetForm()
    if form.submit(
        lambda: orders.add_set(
            form.code.data or "",
            name_ko=form.name_ko.data or "",
            name_en=form.name_en.data or "",
            items=form.wanted(),
            by=actor(),
        ),
        at="items",
    ):
        say(_("Saved."))
        return back_to("catalogue.sets")
    return make_response(_page(form, None), form.status)


@blueprint.get("/sets/<uuid:set_id>")
@requires(Permission.MANAGE_CATALOGUE)
def order_set(set_id: UUID) -> str:
    """Show one order set."""
    now = _set(set_id)
    return _page(SetForm(now), now)


@blueprint.post("/sets/<uuid:set_id>")
@requires(Permission.MANAGE_CATALOGUE)
def edit_set(set_id: UUID) -> Response:
    """Change a set; who was overtaken by a colleague chooses between both."""
    now = _set(set_id)
    form = SetForm(now)
    conflicts.choose(form, {"name_ko": now.name_ko, "name_en": now.name_en, "items": lines_of(now.items)})
    form.take_lines()
    if form.submit(
        lambda: orders.edit_set(
            set_id,
            name_ko=form.name_ko.data or "",
            name_en=form.name_en.data or "",
            items=form.wanted(),
            version=conflicts.seen_version(),
            by=actor(),
        ),
        at="items",
    ):
        say(_("Saved."))
        return back_to("catalogue.sets")
    if form.stale is not None:
        return _side_by_side(_set(set_id), form, form.stale)
    return make_response(_page(form, now), form.status)


def _side_by_side(now: Set, form: SetForm, stale: VersionStaleError) -> Response:
    """Show what a colleague has changed beside what was typed."""
    deed = boards.last_deed(f"set:{now.code}")
    standing = {"name_ko": now.name_ko, "name_en": now.name_en, "items": lines_of(now.items)}
    mine = {
        "name_ko": (form.name_ko.data or "").strip(),
        "name_en": (form.name_en.data or "").strip(),
        "items": lines_of(form.wanted()),
    }
    found = conflicts.conflict_of(
        stale,
        mine,
        labels={name: form[name].label.text for name in mine},
        now=Snapshot(version=now.version, fields=standing, by_name=deed.by_name, at=deed.at),
    )
    return conflicts.answer(
        found,
        action=url_for("catalogue.edit_set", set_id=now.public_id),
        again=url_for("catalogue.add_set"),
        back=url_for("catalogue.order_set", set_id=now.public_id),
        surface="records",
        status=form.status,
    )


def _set(set_id: UUID) -> Set:
    found = next((one for one in queries.order_sets(by=actor()) if one.public_id == set_id), None)
    if found is None:
        raise NotFoundError(kind="set")
    return found


def _page(form: SetForm, now: Set | None) -> str:
    items = {one.code: one for one in queries.catalogue(by=actor())}
    return show("catalogue/set.html", form=form, now=now, items=items)
