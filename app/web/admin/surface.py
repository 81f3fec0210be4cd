"""The administration's own corner of the house's addresses."""

from flask import Blueprint

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
