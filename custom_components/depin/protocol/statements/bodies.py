"""What every kind of body has."""

from typing import ClassVar, Literal, Protocol, Self

from .fields import Fields

type Stream = Literal["metering", "trading"]


class Body(Protocol):
    """The part of a statement that depends on its kind."""

    KIND: ClassVar[str]
    STREAMS: ClassVar[tuple[Stream, ...]]

    def to_json(self) -> dict[str, object]:
        """Return the JSON object that is signed."""
        ...

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the body, or raise BodyError that names the field."""
        ...
