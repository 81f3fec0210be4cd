"""The orders' own corner of the house's addresses."""

from flask import Blueprint

from app.boards import queries as boards

blueprint = Blueprint("orders", __name__, url_prefix="/orders")
blueprint.context_processor(lambda: {"emr_as_of": boards.emr_as_of})
