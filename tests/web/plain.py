"""A browser without script: it opens pages and presses the buttons of the forms that it finds there."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.core.db import Model, db


@dataclass
class Form:
    """A form as it stands in the page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect forms and what they carry."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", ""), found.get("method", "get")))
        elif tag == "input" and self.forms and "name" in found:
            self.forms[-1].fields[found["name"]] = found.get("value", "")


class Plain:
    """One person's browser, and the page in front of it."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.page: TestResponse

    @property
    def text(self) -> str:
        """What the page says."""
        return self.page.get_data(as_text=True)

    @property
    def path(self) -> str:
        """Where the browser is."""
        return str(self.page.request.path)

    def open(self, address: str) -> "Plain":
        """Go to a page, as a link or a scanned tag does."""
        self.page = self.client.get(address, follow_redirects=True)
        return self

    def press(self, action: str, **typed: str) -> "Plain":
        """Send the page's form with this action, with what was typed beside its hidden fields."""
        form = next(form for form in self.forms() if form.action.endswith(action) and form.method == "post")
        self.page = self.client.post(form.action, data={**form.fields, **typed}, follow_redirects=True)
        return self

    def forms(self) -> list[Form]:
        """Return the page's forms."""
        parser = _Forms()
        parser.feed(self.text)
        return parser.forms


def row_counts() -> dict[str, int]:
    """Count the rows of every table."""
    counts = {
        table.name: db.session.execute(select(func.count()).select_from(table)).scalar_one()
        for table in Model.metadata.sorted_tables
    }
    db.session.remove()
    return counts
