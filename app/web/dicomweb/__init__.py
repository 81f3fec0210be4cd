"""The gate to pictures (DICOMweb): a short list of addresses, each looked at, each written to the audit first.

Lists are answered from our own tables. Pictures are handed out by this process or by the nginx in front of it, which
alone can ask the archive; what a browser sends decides what it gets, and never what the archive is asked.
"""

from flask import Blueprint, request
from werkzeug.exceptions import MethodNotAllowed

from app.web.dicomweb import auditing, fetching, searching

blueprint = Blueprint("dicomweb", __name__, url_prefix="/dicom-web")
blueprint.add_url_rule("/studies", view_func=searching.search, methods=["GET"])
blueprint.add_url_rule("/<path:asked>", view_func=fetching.fetch, methods=["GET"])
# Of the whole house, for a refused method belongs to no route.
blueprint.after_app_request(auditing.write_down)


@blueprint.before_request
def only_get() -> None:
    """Refuse HEAD and OPTIONS, which Flask would answer itself. Raise MethodNotAllowed."""
    if request.method != "GET":
        raise MethodNotAllowed(valid_methods=["GET"])
