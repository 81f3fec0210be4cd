"""The pharmacy at the API: Kate keeps its shelves and its catalogue, and signs in as everybody else does."""

from typing import Any
from uuid import UUID

from flask import Flask

from tests.hospital import Hospital
from tests.integration.orders.pharmacy import Pharmacy
from tests.web.api.partner import Partner, Partners


class ApiPharmacy(Pharmacy):
    """The hospital with a catalogue, and those who come with tokens."""

    def __init__(self, app: Flask, hospital: Hospital) -> None:
        super().__init__(hospital)
        self.partners = Partners(app, hospital)

    def staff(self, name: str) -> Partner:
        """Return a member of the cast, signed in."""
        return self.partners.staff(name)

    def order(
        self, visit: UUID, *items: str | dict[str, Any], key: str = "k", who: str = "grace", **more: Any
    ) -> Any:
        """Order for a visit over the API."""
        wanted = [one if isinstance(one, dict) else {"item": one} for one in items]
        body = {"visit_id": str(visit), "items": wanted, **more}
        return self.staff(who).post("/orders", body, key=key)

    def done(self, order: Any, verb: str, *, who: str = "grace", **more: Any) -> Any:
        """Command an order in the version that its answer said."""
        body = {"version": order.json["version"], **more}
        return self.staff(who).post(f"/orders/{order.json['id']}/{verb}", body)
