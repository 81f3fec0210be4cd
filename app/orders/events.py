"""What happens to orders and shelves, told after the commit; ids only."""

from dataclasses import dataclass
from uuid import UUID

from app.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(Event):
    """Something was ordered."""

    order_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMoved(Event):
    """An order was changed, held, done or taken back."""

    order_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLowered(Event):
    """What may still be promised of a shelf fell to its reorder point."""

    stock_id: UUID
