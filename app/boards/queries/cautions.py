"""What an order must not overlook: the patient's allergies and flags, and which of the medicines they speak of."""

import re
from dataclasses import dataclass
from uuid import UUID

from app.boards.queries.orders import VisitOrders
from app.core.actor import Actor
from app.emr import queries as emr
from app.emr.queries import Allergy, Flag
from app.orders.queries import Item, Line
from app.orders.rules import Category
from app.orders.states import LineStatus

WORD = re.compile(r"[^\W\d_]+")
# Shorter words are in too many names; of Korean two syllables say much.
LEAST_LETTERS, LEAST_SYLLABLES = 4, 2
# What stands beside a substance, and in names of medicines too.
COMMON = frozenset({"tablet", "capsule", "injection", "allergy", "알레르기", "주사", "캡슐", "계열", "약물"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCautions:
    """What everybody who orders or gives must know; empty for who may not read it."""

    patient_id: UUID
    allergies: tuple[Allergy, ...]
    flags: tuple[Flag, ...]
    ordered: tuple[Line, ...]

    @property
    def discloses(self) -> tuple[UUID, ...]:
        """Return the patient whose allergies or flags this value shows."""
        return (self.patient_id,) if self.allergies or self.flags else ()

    def against(self, item: Item | Line) -> tuple[Allergy, ...]:
        """Return the allergies whose substance is named in a medicine's name, in either language."""
        if item.category != Category.MEDICATION:
            return ()
        name = f"{item.name_ko} {item.name_en}".casefold()
        return tuple(one for one in self.allergies if any(word in name for word in _words(one.substance)))


def order_cautions(board: VisitOrders, *, by: Actor) -> OrderCautions:
    """Return what to know before an order, with what is ordered and still to be given; 2 statements for the ward."""
    known = emr.cautions(board.patient_id, by=by)
    return OrderCautions(
        patient_id=board.patient_id,
        allergies=known.allergies,
        flags=known.flags,
        ordered=tuple(
            one.line
            for card in board.orders
            if card.is_open
            for one in card.lines
            if one.line.status is LineStatus.ACTIVE
        ),
    )


def _words(substance: str) -> set[str]:
    """Return the words of a substance that tell it from others; «페니실린계» is one of its family too."""
    words = {word.removesuffix("계") for word in WORD.findall(substance.casefold())}
    return {
        word for word in words - COMMON if len(word) >= (LEAST_LETTERS if word.isascii() else LEAST_SYLLABLES)
    }
