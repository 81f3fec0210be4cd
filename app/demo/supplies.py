"""The demo's catalogue and shelves, each filled where it is missing."""

from app.core.actor import SYSTEM
from app.core.transaction import transactional
from app.demo.orderable import ITEMS, SETS, SHELVES, ItemPlan
from app.orders import queries, services
from app.orders.services import ItemWords

DELIVERED = "정기 입고"


@transactional
def build() -> None:
    """Offer the items and sets that are missing, and fill the shelves that are; 3 statements where all stand."""
    there = {item.code for item in queries.catalogue(with_withdrawn=True, by=SYSTEM)}
    for code, plan in ITEMS.items():
        if code not in there:
            services.add_item(code, _words(plan), by=SYSTEM)
    sets = {one.code for one in queries.order_sets(by=SYSTEM)}
    for code, of in SETS.items():
        if code not in sets:
            services.add_set(code, name_ko=of.name.ko, name_en=of.name.en, items=of.items, by=SYSTEM)
    kept = {(shelf.code, shelf.location) for shelf in queries.shelves(by=SYSTEM)}
    for shelf in SHELVES:
        if (shelf.item, shelf.place) not in kept:
            put = services.receive(
                shelf.item, location=shelf.place, quantity=shelf.on_hand, reason=DELIVERED, by=SYSTEM
            )
            services.set_reorder_point(
                put.stock_id, point=shelf.reorder_point, version=put.version, by=SYSTEM
            )


def _words(plan: ItemPlan) -> ItemWords:
    return ItemWords(
        category=plan.category,
        name_ko=plan.name.ko,
        name_en=plan.name.en,
        price_won=plan.price_won,
        service_code=plan.service,
        preparation_ko=plan.preparation.ko,
        preparation_en=plan.preparation.en,
        after_care_ko=plan.after_care.ko,
        after_care_en=plan.after_care.en,
    )
