"""Floods: a coarse brake per address in this process's memory; tries of secrets are counted in the database."""

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from app.door.identity import signed_in

# One address is a whole hospital's Wi-Fi: the brake is for machines, not for people.
limiter = Limiter(get_remote_address, default_limits=["3000/minute"], storage_uri="memory://")
# Phones that poll, probes and files cost little, and are many behind one address.
WITHOUT_BRAKE = ("/live/", "/static/", "/healthz", "/readyz")
# One study is a thousand pictures: whoever is signed in reads them as fast as they come, each with its audit row.
WITHOUT_BRAKE_SIGNED_IN = ("/dicom-web/", "/viewer/quick/")


@limiter.request_filter
def _is_light() -> bool:
    return request.path.startswith(WITHOUT_BRAKE) or (
        request.path.startswith(WITHOUT_BRAKE_SIGNED_IN) and signed_in() is not None
    )


def init_app(app: Flask) -> None:
    """Install the brake; sockets are limited by the hub."""
    app.config["RATELIMIT_HEADERS_ENABLED"] = False
    limiter.init_app(app)
