"""The web's entrance: `gunicorn -c deploy/gunicorn.py wsgi:app`, and what `flask` finds by itself."""

import os
import sys

from app.cli import gate
from app.factory import create_app
from app.settings import SettingsError

try:
    app = create_app()
except SettingsError as refused:
    sys.exit(str(refused))
gate.pass_through(os.environ)
