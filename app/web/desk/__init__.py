"""Reception desk: who is expected, who has come, and the one next thing for each of them."""

from app.web.desk import aside, people, today
from app.web.desk.surface import blueprint

__all__ = ["aside", "blueprint", "people", "today"]
