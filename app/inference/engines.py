"""Where models run: one seam for a process beside this one, another Annae, and a model server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from app.inference.cards import Card
from app.inference.findings import Result

if TYPE_CHECKING:
    from app.inference.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The models that may be asked for, and the files that were refused with the reason."""

    cards: Sequence[Card]
    refused: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """Runs models. Raises TransientError for what may succeed later, PermanentError for what never will."""

    @property
    def name(self) -> str:
        """Under which its breaker counts."""

    @property
    def is_outside(self) -> bool:
        """Whether it stands outside of this machine."""

    def offered(self) -> Offered:
        """Return what there is."""

    def is_ready(self, model_id: str, version: str | None) -> bool:
        """Whether this version of a model would answer now. Raise NoSuchModelError."""

    def check(self, model_id: str, version: str | None) -> None:
        """Load this version as a run would. Raise PermanentError or TransientError with the reason."""

    def run(self, volume: "Volume", model_id: str, version: str | None) -> Result:
        """Return what a model says of a volume; not analysable is an answer."""
