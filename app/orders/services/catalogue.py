"""The catalogue: what can be ordered, at which price, and what is ordered together."""

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.accounts.roles import Permission, require
from app.core import audit
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError
from app.core.idempotency import command
from app.core.locking import check_version, hold
from app.core.transaction import now_or_never, savepoint
from app.orders import rules
from app.orders.models import CatalogueItem, OrderSet, OrderSetItem
from app.orders.rules import Category, Wanted

CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,31}", re.ASCII)
LONGEST_NAME = 80
LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWords:
    """What is said of an item; `service_code` None where it needs no step of its own."""

    category: str
    name_ko: str
    name_en: str
    price_won: int
    service_code: str | None = None
    preparation_ko: str = ""
    preparation_en: str = ""
    after_care_ko: str = ""
    after_care_en: str = ""
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a command on the catalogue answers, also when it is repeated."""

    id: UUID
    version: int


@command
def add_item(code: str, words: ItemWords, *, by: Actor) -> Kept:
    """Offer a new item. Raise InvalidError for a code that is taken, or for what makes no sense."""
    require(by, Permission.MANAGE_CATALOGUE)
    _check_code(code)
    item = CatalogueItem(code=code, version=1)
    _say(item, words)
    _add(item)
    audit.record("orders:item:add", by=by, object_=f"item:{code}")
    return Kept(id=item.public_id, version=item.version)


@command
def edit_item(item_id: UUID, words: ItemWords, *, version: int | None, by: Actor) -> Kept:
    """Change what is said of an item; what was ordered keeps its price. Its category stays while it lies on shelves."""
    require(by, Permission.MANAGE_CATALOGUE)
    item = hold(CatalogueItem, item_id)
    check_version(item.version, version)
    if (item.category in rules.STOCKED) != (words.category in rules.STOCKED):
        raise InvalidError(field="category", why="shelf")
    _say(item, words)
    item.version += 1
    audit.record("orders:item:edit", by=by, object_=f"item:{item.code}")
    return Kept(id=item.public_id, version=item.version)


@command
def add_set(code: str, *, name_ko: str, name_en: str, items: Sequence[Wanted], by: Actor) -> Kept:
    """Name items that are ordered together. Raise InvalidError for a code that is taken or an unknown item."""
    require(by, Permission.MANAGE_CATALOGUE)
    _check_code(code)
    made = OrderSet(
        code=code, name_ko=_name("name_ko", name_ko), name_en=_name("name_en", name_en), version=1
    )
    _add(made)
    _fill(made, items)
    audit.record("orders:set:add", by=by, object_=f"set:{code}")
    return Kept(id=made.public_id, version=made.version)


@command
def edit_set(
    set_id: UUID, *, name_ko: str, name_en: str, items: Sequence[Wanted], version: int | None, by: Actor
) -> Kept:
    """Change a set; its items are part of it, so its version rises with them."""
    require(by, Permission.MANAGE_CATALOGUE)
    held = hold(OrderSet, set_id)
    check_version(held.version, version)
    held.name_ko, held.name_en = _name("name_ko", name_ko), _name("name_en", name_en)
    held.version += 1
    db.session.execute(delete(OrderSetItem).where(OrderSetItem.set_id == held.id))
    _fill(held, items)
    audit.record("orders:set:edit", by=by, object_=f"set:{held.code}")
    return Kept(id=held.public_id, version=held.version)


def wanted_of(items: Sequence[Wanted], sets: Collection[str]) -> tuple[Wanted, ...]:
    """Return what was asked for, sets taken apart, each item once. Raise InvalidError; 1 statement where sets are."""
    members: dict[str, list[Wanted]] = {}
    if sets:
        for code, item, quantity in db.session.execute(
            select(OrderSet.code, CatalogueItem.code, OrderSetItem.quantity)
            .join(OrderSetItem, OrderSetItem.set_id == OrderSet.id)
            .join(CatalogueItem, CatalogueItem.id == OrderSetItem.item_id)
            .where(OrderSet.code.in_(sorted(set(sets))))
            .order_by(OrderSet.id, CatalogueItem.id)
        ):
            members.setdefault(code, []).append(Wanted(item, quantity))
    if unknown := sorted(set(sets) - members.keys()):
        raise InvalidError(field="sets", why="unknown", sets=unknown)
    return rules.merged(items, members)


def items_of(codes: Collection[str]) -> dict[str, CatalogueItem]:
    """Return items that may be ordered, by code. Raise InvalidError for an unknown or a withdrawn one; 1 statement."""
    found = {
        item.code: item
        for item in db.session.execute(
            select(CatalogueItem)
            .where(CatalogueItem.code.in_(sorted(codes)))
            .execution_options(populate_existing=True)
        ).scalars()
    }
    if unknown := sorted(set(codes) - found.keys()):
        raise InvalidError(field="items", why="unknown", items=unknown)
    if withdrawn := sorted(code for code, item in found.items() if not item.is_active):
        raise InvalidError(field="items", why="withdrawn", items=withdrawn)
    return found


def services_wanted(items: Sequence[Wanted], sets: Collection[str] = ()) -> tuple[str, ...]:
    """Return the services that an order would need, each once, as first named; without a lock, 2 statements."""
    wanted = wanted_of(items, sets)
    found = items_of([one.item for one in wanted])
    return rules.services_of([found[one.item].service_code for one in wanted])


def _fill(held: OrderSet, items: Sequence[Wanted]) -> None:
    wanted = rules.merged(items, {})
    found = items_of([one.item for one in wanted])
    db.session.add_all(
        OrderSetItem(set_id=held.id, item_id=found[one.item].id, quantity=one.quantity) for one in wanted
    )
    db.session.flush()


def _say(item: CatalogueItem, words: ItemWords) -> None:
    if words.category not in frozenset(Category):
        raise InvalidError(field="category", why="unknown", allowed=[str(one) for one in Category])
    rules.check_won(words.price_won, field="price_won")
    if words.service_code is not None:
        _check_code(words.service_code, field="service_code")
    for name, value in asdict(words).items():
        if name.startswith("name_"):
            _name(name, value)
        elif isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise InvalidError(field=name, why="length", longest=LONGEST_TEXT)
        setattr(item, name, value.strip() if isinstance(value, str) else value)


def _name(field: str, value: str) -> str:
    if not (words := value.strip()) or len(words) > LONGEST_NAME:
        raise InvalidError(field=field, why="length", longest=LONGEST_NAME)
    return words


def _check_code(code: str, *, field: str = "code") -> None:
    if not CODE.fullmatch(code):
        raise InvalidError(field=field, why="form")


def _add(row: CatalogueItem | OrderSet) -> None:
    try:
        with savepoint():
            db.session.add(row)
    except IntegrityError as error:
        now_or_never(error, "code")
        raise InvalidError(field="code", why="taken") from error
