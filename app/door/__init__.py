"""The porch in front of all doors: who is there, what they may, how an answer looks. Knows no feature's rule."""

from app.door.answers import back_to, field, inside, refresh, show, uuid_field, version_field, words_field
from app.door.identity import actor, signed_in
from app.door.rights import public, requires
from app.door.uploads import takes_files

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
    "takes_files",
    "uuid_field",
    "version_field",
    "words_field",
]
