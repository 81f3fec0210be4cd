"""The ward of the orders' tests: every command on a visit, and every one on its orders."""

from uuid import UUID

from app.core.transaction import release
from app.journey import services as journey
from app.orders.services import Placed, Wanted
from tests.hospital import Hospital
from tests.integration.journey.scenes import Stage
from tests.integration.orders.pharmacy import Pharmacy

WHY = "중복 처방"


class Ward(Stage, Pharmacy):
    """The hospital with a hand for every command, and the pharmacy's."""

    def __init__(self, hospital: Hospital) -> None:
        Stage.__init__(self, hospital)
        Pharmacy.__init__(self, hospital)

    def order(self, visit: UUID, *items: str | Wanted, **more: object) -> Placed:
        """Order for a visit, as the doctor."""
        wanted = [one if isinstance(one, Wanted) else Wanted(one) for one in items]
        return journey.place_order(visit, items=wanted, by=self.doctor, **more)  # type: ignore[arg-type]

    def status(self, order_id: UUID) -> tuple[str, list[str]]:
        """Return where an order and its lines stand."""
        seen = self.see(order_id)
        return str(seen.status), [str(line.status) for line in seen.lines]

    def revoke(self, placed: Placed) -> object:
        """Take an order back, as the doctor who sees it now."""
        version = self.see(placed.order_id).version
        release()
        return journey.revoke_order(placed.order_id, version=version, reason=WHY, by=self.doctor)

    def pay(self, visit: UUID, **more: object) -> object:
        """Settle a visit at the cashier."""
        version = self.visit(visit).version
        release()
        return journey.pay(visit, version=version, by=self.hospital.cast.iris, **more)  # type: ignore[arg-type]
