"""What may be read of queues: frozen values made for one use each."""

from app.queues.queries.directory import Point, QueueHead, head, heads, point, points
from app.queues.queries.offers import Offer, ServiceDetails, offers, service
from app.queues.queries.policies import (
    OrderPreview,
    Policy,
    QueueDetails,
    Shift,
    details,
    order_preview,
    policy,
)

__all__ = [
    "Offer",
    "OrderPreview",
    "Point",
    "Policy",
    "QueueDetails",
    "QueueHead",
    "ServiceDetails",
    "Shift",
    "details",
    "head",
    "heads",
    "offers",
    "order_preview",
    "point",
    "points",
    "policy",
    "service",
]
