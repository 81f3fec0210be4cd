"""The catalogue's own corner of the house's addresses."""

from flask import Blueprint

blueprint = Blueprint("catalogue", __name__, url_prefix="/catalogue")
