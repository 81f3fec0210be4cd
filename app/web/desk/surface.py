"""The desk's own corner of the house's addresses."""

from flask import Blueprint

blueprint = Blueprint("desk", __name__, url_prefix="/desk")
