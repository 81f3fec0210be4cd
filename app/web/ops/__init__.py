"""For operators: alive, ready, metrics, and the keys by which other systems know us."""

import ipaddress

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from app import settings
from app.accounts.roles import Permission
from app.boards import queries as boards
from app.core import health
from app.core.errors import NotFoundError
from app.core.jobs import Job, enqueue_soon
from app.core.observability import carrying, metrics
from app.door import public, requires
from app.door.flood import limiter
from app.fhir import auth, inbound, targets
from app.imaging import services as imaging
from app.web.ops import gauges

blueprint = Blueprint("ops", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """Say that this process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
@public
def readyz() -> Response:
    """Say whether the house can work; 200 "degraded" while only Redis, the worker or the image archive is away."""
    found = health.check(imaging.is_archive_up)
    response = jsonify(
        {
            "status": found.status,
            "checks": {
                "database": found.database,
                "redis": found.redis,
                "worker": found.worker,
                "imaging": found.archive,
            },
        }
    )
    response.status_code = 200 if found.is_ready else 503
    return response


@blueprint.get("/metrics", endpoint="metrics")
@public
def metrics_page() -> Response:
    """Return Prometheus' page, to this machine only unless the hospital says otherwise."""
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - an unknown caller is no local one
    if settings.current().metrics_bind == "local" and not address.is_loopback:
        raise NotFoundError(kind="page")
    body, content_type = metrics.exposition(carrying.Carried(), gauges.Standing())
    return make_response(body, 200, {"Content-Type": content_type})


@blueprint.post("/fhir/hook/<target>/<secret>")
@public
@limiter.limit("120/minute")
def fhir_hook(target: str, secret: str) -> Response:
    """Hear that a target has news (a Subscription's rest-hook); what it sends is not read, it is asked soon."""
    asked = inbound.ask(target, secret)
    enqueue_soon(Job.PULL_FROM_EMR, asked.name)
    return make_response("", 202)


@blueprint.get("/live/emr-as-of")
@requires(Permission.SIGNED_IN)
def emr_as_of() -> Response:
    """Give an open page its line anew: as of when the EMR is known."""
    found = boards.emr_as_of()
    return make_response(render_template("components/_emr_as_of.html", emr=found) if found else ("", 204))


@blueprint.get("/.well-known/jwks.json")
@public
def jwks() -> Response:
    """Show the public halves of our keys, by which FHIR servers know what we sign (SMART Backend Services)."""
    response = jsonify(auth.public_keys(targets.configured()))
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
