"""Orders of a visit: placed by the doctor, changed by several hands, done by whoever does them."""

from app.web.orders import changing, moving, placing, reading
from app.web.orders.surface import blueprint

__all__ = ["blueprint", "changing", "moving", "placing", "reading"]
