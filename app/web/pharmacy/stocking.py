"""Shelves by hand: received, issued to a ward, put right, counted; one small page for each act."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, make_response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.accounts.roles import Permission
from app.boards.queries import shelves as boards
from app.core.actor import Actor
from app.core.errors import InsufficientStockError, InvalidError, VersionStaleError
from app.door import actor, back_to, requires, show
from app.emr.queries import Snapshot
from app.orders import services as orders
from app.orders.queries import Shelf
from app.web import conflicts
from app.web.forms import say
from app.web.pharmacy.forms import PutUpForm, ShelfForm
from app.web.pharmacy.surface import blueprint

Run = Callable[[Shelf, ShelfForm, Actor], object]


@dataclass(frozen=True, slots=True)
class Act:
    """What is done on a shelf: its words, and its service. Only what looked at a figure posts a version."""

    title: Any
    asks: Any
    hint: Any
    run: Run
    says_why: bool = True
    stands: str = ""


def _receive(shelf: Shelf, form: ShelfForm, by: Actor) -> object:
    return orders.receive(
        shelf.code, location=shelf.location, quantity=_number(form), reason=form.reason.data, by=by
    )


def _issue(shelf: Shelf, form: ShelfForm, by: Actor) -> object:
    return orders.issue_stock(shelf.stock_id, quantity=_number(form), reason=form.reason.data, by=by)


def _adjust(shelf: Shelf, form: ShelfForm, by: Actor) -> object:
    return orders.adjust(shelf.stock_id, difference=_number(form), reason=form.reason.data, by=by)


def _count(shelf: Shelf, form: ShelfForm, by: Actor) -> object:
    return orders.count(
        shelf.stock_id,
        counted=_number(form),
        version=conflicts.seen_version(),
        reason=form.reason.data,
        by=by,
    )


def _set_point(shelf: Shelf, form: ShelfForm, by: Actor) -> object:
    return orders.set_reorder_point(
        shelf.stock_id, point=_number(form), version=conflicts.seen_version(), by=by
    )


ACTS: Mapping[str, Act] = {
    "receive": Act(_l("Receive"), _l("How many came"), _l("A delivery note's number helps later."), _receive),
    "issue": Act(
        _l("Issue to a ward"),
        _l("How many go out"),
        _l("Without an order: a ward's cupboard. Please write which ward."),
        _issue,
    ),
    "adjust": Act(
        _l("Put right"),
        _l("How many more, or fewer with a minus"),
        _l("Broken, expired or found: please write which."),
        _adjust,
    ),
    "count": Act(
        _l("Count"),
        _l("How many lie there"),
        _l("What is kept for orders counts too."),
        _count,
        stands="on_hand",
    ),
    "reorder-point": Act(
        _l("Set the reorder point"),
        _l("Order anew from how few left"),
        _l("Counted is what no order keeps."),
        _set_point,
        says_why=False,
        stands="reorder_point",
    ),
}
WHICH = "<any('receive', 'issue', 'adjust', 'count', 'reorder-point'):act>"


@blueprint.get("/shelves/new")
@requires(Permission.MANAGE_STOCK)
def new_shelf() -> str:
    """Ask which item begins to lie where."""
    return show("pharmacy/new_shelf.html", form=PutUpForm(by=actor()))


@blueprint.post("/shelves")
@requires(Permission.MANAGE_STOCK)
def put_up() -> Response:
    """Lay the first boxes of an item at a place."""
    form = PutUpForm(by=actor())
    if not form.submit(
        lambda: orders.receive(
            form.item.data or "",
            location=form.location.data or "",
            quantity=form.quantity.data or 0,
            by=actor(),
        )
    ):
        return make_response(show("pharmacy/new_shelf.html", form=form), form.status)
    say(_("Received."))
    return back_to("pharmacy.shelf", stock_id=form.answer.stock_id)


@blueprint.get(f"/shelves/<uuid:stock_id>/{WHICH}")
@requires(Permission.MANAGE_STOCK)
def ask(stock_id: UUID, act: str) -> str:
    """Ask for the number of one act, and why."""
    page = boards.shelf_page(stock_id, by=actor())
    return show("pharmacy/act.html", page=page, act=ACTS[act], name=act, form=_form(act))


@blueprint.post(f"/shelves/<uuid:stock_id>/{WHICH}")
@requires(Permission.MANAGE_STOCK)
def carry_out(stock_id: UUID, act: str) -> Response:
    """Do one act on a shelf; who counted while boxes went out compares both figures."""
    form, chosen = _form(act), ACTS[act]
    page = boards.shelf_page(stock_id, by=actor())
    if chosen.stands:
        conflicts.choose(form, {"quantity": getattr(page.shelf, chosen.stands)})
    if form.submit(lambda: _short(lambda: chosen.run(page.shelf, form, actor())), at="quantity"):
        say(_("Saved."))
        return back_to("pharmacy.shelf", stock_id=stock_id)
    page = boards.shelf_page(stock_id, by=actor())
    if form.stale is not None and getattr(page.shelf, chosen.stands) != form.quantity.data:
        return _side_by_side(page.shelf, act, form, form.stale)
    return make_response(show("pharmacy/act.html", page=page, act=chosen, name=act, form=form), form.status)


def _side_by_side(shelf: Shelf, act: str, form: ShelfForm, stale: VersionStaleError) -> Response:
    """Show the figure that stands there now beside the one that was typed."""
    chosen, stock_id = ACTS[act], shelf.stock_id
    deed = boards.last_deed(f"stock:{stock_id}")
    mine = {"quantity": str(form.quantity.data)}
    if chosen.says_why:
        mine["reason"] = form.reason.data or ""
    found = conflicts.conflict_of(
        stale,
        mine,
        labels={"quantity": chosen.asks, "reason": form.reason.label.text},
        now=Snapshot(
            version=shelf.version,
            fields={"quantity": str(getattr(shelf, chosen.stands))},
            by_name=deed.by_name,
            at=deed.at,
        ),
        base={"reason": ""},
    )
    here = url_for("pharmacy.carry_out", stock_id=stock_id, act=act)
    back = url_for("pharmacy.shelf", stock_id=stock_id)
    return conflicts.answer(found, action=here, again=here, back=back, surface="records", status=form.status)


def _short(command: Callable[[], object]) -> object:
    """Tell at the number that so many are not free; what orders keep is not."""
    try:
        return command()
    except InsufficientStockError as error:
        raise InvalidError(field="quantity", why="kept") from error


def _form(act: str) -> ShelfForm:
    form = ShelfForm()
    form.quantity.label.text = str(ACTS[act].asks)
    return form


def _number(form: ShelfForm) -> int:
    return int(form.quantity.data or 0)
