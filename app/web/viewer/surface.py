"""The viewer's own corner of the house's addresses."""

from flask import Blueprint

blueprint = Blueprint("viewer", __name__, url_prefix="/viewer")
