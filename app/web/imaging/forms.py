"""What is typed at the intake of images."""

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from app.imaging.services.reviewing import LONGEST_REASON
from app.web.forms import Form


class DiscardForm(Form):
    """Why a file is thrown away."""

    reason = StringField(
        _l("Reason"),
        [
            InputRequired(_l("Please write why, in a few words.")),
            Length(max=LONGEST_REASON, message=_l("This is too long or empty.")),
        ],
    )
