"""The JSON API, version 1: bearer tokens only, problems as RFC 9457, every route in the OpenAPI document."""

from flask import Blueprint, Response

from app.web.api import (
    alerts,
    auth,
    catalogue,
    encounters,
    inference,
    merging,
    nfc,
    openapi,
    orders,
    patients,
    queue,
    record,
    stock,
    visits,
)

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
for noun in (
    alerts,
    auth,
    nfc,
    queue,
    visits,
    patients,
    record,
    merging,
    encounters,
    orders,
    catalogue,
    stock,
    inference,
    openapi,
):
    noun.register(blueprint)


@blueprint.after_request
def name_the_scheme(response: Response) -> Response:
    """Say with a 401 how to sign in (RFC 9110, 11.6.1)."""
    if response.status_code == 401:  # noqa: PLR2004 - HTTP
        response.headers.setdefault("WWW-Authenticate", 'Bearer realm="annae"')
    return response
