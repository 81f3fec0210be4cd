"""What every body is, and the words that several use."""

from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

Version = Annotated[int, Field(ge=0, lt=2**31)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$")]
Token = Annotated[str, Field(min_length=1, max_length=400)]
Word = Annotated[str, Field(max_length=40)]


class Asked(BaseModel):
    """A body that was read: types as JSON has them, nothing guessed."""

    model_config = ConfigDict(strict=True, frozen=True)


class Seen(Asked):
    """A body that names the version that its sender saw; where it may be an ETag instead, the view says so."""

    version: Version | None = None


def change_of(
    new: type[Asked], name: str, says: str, *, but: tuple[str, ...] = (), **more: Any
) -> type[Seen]:
    """Return the body that changes what `new` has made: its fields in the same bounds, and what is not given stays."""
    hints = get_type_hints(new, include_extras=True)
    fields: dict[str, Any] = {one: (hints[one] | None, None) for one in new.model_fields if one not in but}
    return create_model(name, __base__=Seen, __doc__=says, __module__=new.__module__, **fields, **more)


class PageWanted(BaseModel):
    """Which page of a list."""

    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    per_page: Annotated[int, Field(ge=1, le=200)] = 50
