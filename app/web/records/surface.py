"""The records' own corner of the house's addresses."""

from flask import Blueprint

from app.boards import queries as boards

blueprint = Blueprint("records", __name__, url_prefix="/patients")
blueprint.context_processor(lambda: {"emr_as_of": boards.emr_as_of})
