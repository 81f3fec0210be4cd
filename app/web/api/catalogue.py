"""The catalogue: what can be ordered, at which price, and what is ordered together."""

from dataclasses import asdict
from uuid import UUID

from flask import Blueprint, Response

from app.accounts.roles import Permission
from app.core.errors import NotFoundError
from app.door import actor, requires
from app.orders import queries
from app.orders import services as orders
from app.orders.queries import Item, Set
from app.orders.services import ItemWords, Wanted
from app.orders.services.amending import amend_item, amend_set
from app.web.api.asked.base import PageWanted
from app.web.api.asked.orders import ItemWanted
from app.web.api.asked.stock import CatalogueWanted, ItemChange, ItemNew, SetChange, SetNew
from app.web.api.bodies import asked, read, seen, tell, tell_version
from app.web.api.openapi import described
from app.web.api.shapes.stock import CatalogueShape, ItemShape, MemberShape, SetShape, SetsShape

CHANGED = (409, 412, 428)


def register(blueprint: Blueprint) -> None:
    """Add the routes of the catalogue."""
    item, set_ = "/catalogue/items/<uuid:item_id>", "/catalogue/sets/<uuid:set_id>"
    blueprint.add_url_rule("/catalogue", view_func=list_items, methods=["GET"])
    blueprint.add_url_rule("/catalogue/items", view_func=add_item, methods=["POST"])
    blueprint.add_url_rule(item, view_func=show_item, methods=["GET"])
    blueprint.add_url_rule(item, view_func=change_item, methods=["PATCH"])
    blueprint.add_url_rule("/catalogue/sets", view_func=list_sets, methods=["GET"])
    blueprint.add_url_rule("/catalogue/sets", view_func=add_set, methods=["POST"])
    blueprint.add_url_rule(set_, view_func=show_set, methods=["GET"])
    blueprint.add_url_rule(set_, view_func=change_set, methods=["PATCH"])


@requires(Permission.SIGNED_IN)
@described("catalogue", told=CatalogueShape, query=CatalogueWanted)
def list_items() -> Response:
    """Show a page of what can be ordered, to who orders, hands out or keeps the catalogue."""
    wanted = asked(CatalogueWanted)
    found = queries.catalogue_page(
        search=wanted.search,
        category=wanted.category,
        with_withdrawn=wanted.withdrawn,
        page=wanted.page,
        per_page=wanted.per_page,
        by=actor(),
    )
    return tell(CatalogueShape.of(found, items=[_item(one) for one in found.rows]))


@requires(Permission.SIGNED_IN)
@described("catalogue", told=ItemShape)
def show_item(item_id: UUID) -> Response:
    """Show an item with its ETag."""
    return tell_version(_item(queries.item(item_id, by=actor())))


@requires(Permission.MANAGE_CATALOGUE)
@described("catalogue", body=ItemNew, told=ItemShape, statuses=(201,))
def add_item() -> Response:
    """Offer a new item."""
    body = read(ItemNew)
    kept = orders.add_item(body.code, ItemWords(**body.model_dump(exclude={"code"})), by=actor())
    return tell_version(_item(queries.item(kept.id, by=actor())), status=201)


@requires(Permission.MANAGE_CATALOGUE)
@described("catalogue", body=ItemChange, told=ItemShape, refusals=CHANGED)
def change_item(item_id: UUID) -> Response:
    """Change what is given; what was ordered keeps its price."""
    body, found = read(ItemChange), queries.item(item_id, by=actor()).version
    given = body.model_dump(exclude={"version"}, exclude_unset=True)
    changes = {name: value for name, value in given.items() if value is not None or name == "service_code"}
    amend_item(item_id, changes, version=seen(body.version, found), by=actor())
    return show_item(item_id)


@requires(Permission.SIGNED_IN)
@described("catalogue", told=SetsShape, query=PageWanted)
def list_sets() -> Response:
    """Show a page of the order sets, by code."""
    wanted, found = asked(PageWanted), queries.order_sets(by=actor())
    first = (wanted.page - 1) * wanted.per_page
    shape = SetsShape(
        sets=[_set(one) for one in found[first : first + wanted.per_page]],
        page=wanted.page,
        pages=max(1, -(-len(found) // wanted.per_page)),
        total=len(found),
    )
    return tell(shape)


@requires(Permission.SIGNED_IN)
@described("catalogue", told=SetShape)
def show_set(set_id: UUID) -> Response:
    """Show an order set with its ETag."""
    return tell_version(_set(_found(set_id)))


@requires(Permission.MANAGE_CATALOGUE)
@described("catalogue", body=SetNew, told=SetShape, statuses=(201,))
def add_set() -> Response:
    """Name items that are ordered together."""
    body = read(SetNew)
    kept = orders.add_set(
        body.code, name_ko=body.name_ko, name_en=body.name_en, items=_wanted(body.items), by=actor()
    )
    return tell_version(_set(_found(kept.id)), status=201)


@requires(Permission.MANAGE_CATALOGUE)
@described("catalogue", body=SetChange, told=SetShape, refusals=CHANGED)
def change_set(set_id: UUID) -> Response:
    """Change what is given of a set; its items are given whole."""
    body, found = read(SetChange), _found(set_id).version
    amend_set(
        set_id,
        name_ko=body.name_ko,
        name_en=body.name_en,
        items=None if body.items is None else _wanted(body.items),
        version=seen(body.version, found),
        by=actor(),
    )
    return show_set(set_id)


def _found(set_id: UUID) -> Set:
    found = next((one for one in queries.order_sets(by=actor()) if one.public_id == set_id), None)
    if found is None:
        raise NotFoundError(kind="set")
    return found


def _wanted(items: list[ItemWanted]) -> list[Wanted]:
    return [Wanted(one.item, one.quantity) for one in items]


def _item(item: Item) -> ItemShape:
    return ItemShape.model_validate({**asdict(item), "id": item.public_id})


def _set(one: Set) -> SetShape:
    return SetShape(
        id=one.public_id,
        version=one.version,
        code=one.code,
        name_ko=one.name_ko,
        name_en=one.name_en,
        items=[MemberShape(item=member.item, quantity=member.quantity) for member in one.items],
    )
