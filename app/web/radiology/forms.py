"""What a radiologist types."""

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField

from app.web.forms import Form


class ReportForm(Form):
    """The whole text of a report, and why a signed one is amended."""

    text = TextAreaField(_l("Radiology report"))
    reason = StringField(_l("Why it is amended"))
