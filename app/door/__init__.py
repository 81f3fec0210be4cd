"""The porch in front of all doors: who is there, what they may, how an answer looks. Knows no feature's rule."""

from app.door.answers import back_to, field, inside, refresh, show, uuid_field, version_field, words_field
from app.door.identity import actor, signed_in
from app.door.rights import public, requires

__all__ = [
    "actor",
    "back_to",
    "field",
    "inside",
    "public",
    "refresh",
    "requires",
    "show",
    "signed_in",
    "uuid_field",
    "version_field",
    "words_field",
]
