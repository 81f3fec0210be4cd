"""Radiology's own corner of the house's addresses."""

from flask import Blueprint

blueprint = Blueprint("radiology", __name__, url_prefix="/radiology")
