"""Items: found, added, changed with a version, withdrawn and offered again."""

from uuid import UUID

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _

from app.accounts.roles import Permission
from app.boards.queries import shelves as boards
from app.core.errors import VersionStaleError
from app.door import actor, back_to, requires, show, version_field
from app.emr.queries import Snapshot
from app.orders import queries
from app.orders import services as orders
from app.orders.queries import Item
from app.orders.rules import Category
from app.web import conflicts
from app.web.catalogue.forms import CATEGORIES, FIELDS, TEXTS, ItemForm, services, values_of, words_of
from app.web.catalogue.surface import blueprint
from app.web.forms import say


@blueprint.get("")
@requires(Permission.MANAGE_CATALOGUE)
def items() -> str:
    """Show what can be ordered; a search looks into codes and both names."""
    search, chosen = request.args.get("search", "")[:100], request.args.get("category", "")
    category = chosen if chosen in frozenset(Category) else None
    with_withdrawn = request.args.get("withdrawn") == "1"
    return show(
        "catalogue/items.html",
        items=queries.catalogue(search=search, category=category, with_withdrawn=with_withdrawn, by=actor()),
        search=search,
        category=category,
        with_withdrawn=with_withdrawn,
        categories=CATEGORIES,
        services=services(),
    )


@blueprint.get("/items/new")
@requires(Permission.MANAGE_CATALOGUE)
def new_item() -> str:
    """Ask what a new item is."""
    return show("catalogue/item.html", form=ItemForm(), now=None)


@blueprint.post("/items")
@requires(Permission.MANAGE_CATALOGUE)
def add_item() -> Response:
    """Offer a new item."""
    form = ItemForm()
    if not form.submit(lambda: orders.add_item(form.code.data or "", form.words(), by=actor())):
        return make_response(show("catalogue/item.html", form=form, now=None), form.status)
    say(_("It can be ordered now."))
    return back_to("catalogue.items")


@blueprint.get("/items/<uuid:item_id>")
@requires(Permission.MANAGE_CATALOGUE)
def item(item_id: UUID) -> str:
    """Show one item."""
    now = queries.item(item_id, by=actor())
    return show("catalogue/item.html", form=ItemForm(now), now=now)


@blueprint.post("/items/<uuid:item_id>")
@requires(Permission.MANAGE_CATALOGUE)
def edit_item(item_id: UUID) -> Response:
    """Change what is said of an item; who was overtaken by a colleague chooses between both."""
    now = queries.item(item_id, by=actor())
    form = ItemForm(now)
    conflicts.choose(form, values_of(now))
    if form.submit(
        lambda: orders.edit_item(
            item_id, form.words(is_active=now.is_active), version=conflicts.seen_version(), by=actor()
        )
    ):
        say(_("Saved."))
        return back_to("catalogue.items")
    if form.stale is not None:
        return _side_by_side(queries.item(item_id, by=actor()), form, form.stale)
    return make_response(show("catalogue/item.html", form=form, now=now), form.status)


@blueprint.post("/items/<uuid:item_id>/<any(withdraw, offer):act>")
@requires(Permission.MANAGE_CATALOGUE)
def offer_item(item_id: UUID, act: str) -> Response:
    """Withdraw an item, or offer it again; what was ordered stays ordered."""
    words = words_of(queries.item(item_id, by=actor()), is_active=act == "offer")
    orders.edit_item(item_id, words, version=version_field(), by=actor())
    say(_("It can be ordered again.") if act == "offer" else _("It can no longer be ordered."))
    return back_to("catalogue.item", item_id=item_id)


def _side_by_side(now: Item, form: ItemForm, stale: VersionStaleError) -> Response:
    """Show what a colleague has changed beside what was typed."""
    deed = boards.last_deed(f"item:{now.code}")
    standing = {name: _said(value) for name, value in values_of(now).items()}
    found = conflicts.conflict_of(
        stale,
        {name: _said(form[name].data) for name in FIELDS},
        labels={name: form[name].label.text for name in FIELDS},
        words={"category": CATEGORIES, "service_code": services()},
        texts=TEXTS,
        now=Snapshot(version=now.version, fields=standing, by_name=deed.by_name, at=deed.at),
    )
    return conflicts.answer(
        found,
        action=url_for("catalogue.edit_item", item_id=now.public_id),
        again=url_for("catalogue.add_item"),
        back=url_for("catalogue.item", item_id=now.public_id),
        surface="records",
        status=form.status,
    )


def _said(value: object) -> str:
    return str(value if value is not None else "").replace("\r\n", "\n").strip()
