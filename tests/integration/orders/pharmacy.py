"""A small catalogue, one shelf of each box, and a hand for every command on orders."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sqlalchemy import func, select

from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.transaction import release
from app.orders import queries
from app.orders import services as orders
from app.orders.models import BillEntry, CatalogueItem, OrderLine, ServiceOrder, Stock, StockMovement
from app.orders.rules import MovementKind, effect
from app.orders.services import ItemWords, Placed, Wanted
from tests.hospital import Hospital

PLACE = "pharmacy-1"
CATALOGUE = {
    "cbc": ItemWords(
        category="lab", name_ko="일반혈액검사", name_en="Blood count", price_won=8_000, service_code="lab"
    ),
    "lft": ItemWords(
        category="lab", name_ko="간기능검사", name_en="Liver panel", price_won=12_000, service_code="lab"
    ),
    "dressing": ItemWords(category="procedure", name_ko="드레싱", name_en="Dressing", price_won=5_000),
    "amoxicillin": ItemWords(
        category="medication", name_ko="아목시실린", name_en="Amoxicillin", price_won=300
    ),
    "gauze": ItemWords(category="supply", name_ko="거즈", name_en="Gauze", price_won=0),
    "syringe": ItemWords(category="supply", name_ko="주사기", name_en="Syringe", price_won=150),
    "vaccine": ItemWords(
        category="medication", name_ko="백신", name_en="Vaccine", price_won=40_000, service_code="lab"
    ),
}


@dataclass
class Pharmacy:
    """The hospital with a catalogue; what lies on shelves, tests say themselves."""

    hospital: Hospital
    pharmacist: Actor = field(
        default_factory=lambda: Actor(kind="staff", role="pharmacy", id=uuid4(), name="Kate")
    )

    def __post_init__(self) -> None:
        for code, words in CATALOGUE.items():
            orders.add_item(code, words, by=SYSTEM)

    @property
    def doctor(self) -> Actor:
        """Return the doctor of the ward."""
        return self.hospital.cast.grace

    def fill(self, item: str, quantity: int, *, location: str = PLACE) -> UUID:
        """Lay boxes onto a shelf."""
        return orders.receive(item, location=location, quantity=quantity, by=self.pharmacist).stock_id

    def place(
        self, *items: str | Wanted, visit: UUID | None = None, by: Actor | None = None, **more: object
    ) -> Placed:
        """Order items for a visit of its own, without the visit's plan."""
        return orders.place(
            patient_id=uuid4(),
            visit_id=visit or uuid4(),
            unit=self.hospital.ward,
            items=[one if isinstance(one, Wanted) else Wanted(one) for one in items],
            by=by or self.doctor,
            **more,  # type: ignore[arg-type]
        )

    def shelf(self, item: str, *, location: str = PLACE) -> tuple[int, int]:
        """Return what lies on a shelf, and what of it is promised; and see that its movements sum up to it."""
        release()
        row = db.session.execute(
            select(Stock)
            .join(CatalogueItem, CatalogueItem.id == Stock.item_id)
            .where(CatalogueItem.code == item, Stock.location == location)
        ).scalar_one()
        moved = db.session.execute(
            select(StockMovement.kind, StockMovement.quantity, StockMovement.line_id).where(
                StockMovement.stock_id == row.id
            )
        ).all()
        sums = [effect(MovementKind(kind), many, of_line=line is not None) for kind, many, line in moved]
        assert (sum(one.on_hand for one in sums), sum(one.reserved for one in sums)) == (
            row.on_hand,
            row.reserved,
        ), "the shelf is not what happened on it"
        return row.on_hand, row.reserved

    def see(self, order_id: UUID) -> queries.Order:
        """Return an order as the doctor sees it."""
        release()
        return queries.order(order_id, by=self.doctor)

    def bill(self, visit: UUID) -> queries.Bill:
        """Return a bill as the cashier sees it."""
        release()
        return queries.bill(visit, by=self.hospital.cast.iris)

    def rows(self) -> tuple[int, int, int]:
        """Return how many orders, lines and bill entries there are."""
        release()
        one, two, three = (
            db.session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (ServiceOrder, OrderLine, BillEntry)
        )
        return one, two, three
