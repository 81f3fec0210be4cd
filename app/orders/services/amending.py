"""What is given of an item or a set changes, the rest stays: for callers that know only some of it."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.accounts.roles import Permission, require
from app.core.actor import Actor
from app.core.db import db
from app.core.idempotency import command
from app.core.locking import hold
from app.orders.models import CatalogueItem, OrderSet, OrderSetItem
from app.orders.rules import Wanted
from app.orders.services.catalogue import ItemWords, Kept, edit_item, edit_set


@command
def amend_item(item_id: UUID, changes: Mapping[str, Any], *, version: int | None, by: Actor) -> Kept:
    """Change what is given of an item. Raise as `edit_item` does."""
    require(by, Permission.MANAGE_CATALOGUE)
    now = hold(CatalogueItem, item_id)
    words = {one.name: changes.get(one.name, getattr(now, one.name)) for one in fields(ItemWords)}
    return edit_item(item_id, ItemWords(**words), version=version, by=by)


@command
def amend_set(
    set_id: UUID,
    *,
    version: int | None,
    name_ko: str | None = None,
    name_en: str | None = None,
    items: Sequence[Wanted] | None = None,
    by: Actor,
) -> Kept:
    """Change what is given of a set; its items are given whole. Raise as `edit_set` does."""
    require(by, Permission.MANAGE_CATALOGUE)
    now = hold(OrderSet, set_id)
    return edit_set(
        set_id,
        name_ko=now.name_ko if name_ko is None else name_ko,
        name_en=now.name_en if name_en is None else name_en,
        items=_members(now.id) if items is None else items,
        version=version,
        by=by,
    )


def _members(set_row: int) -> list[Wanted]:
    rows = db.session.execute(
        select(CatalogueItem.code, OrderSetItem.quantity)
        .join(OrderSetItem, OrderSetItem.item_id == CatalogueItem.id)
        .where(OrderSetItem.set_id == set_row)
        .order_by(CatalogueItem.id)
    )
    return [Wanted(code, quantity) for code, quantity in rows]
