"""What a check comes to when it does not hold, and who can see that."""

from enum import StrEnum
from typing import ClassVar, Protocol

from ..log.notes import VerifierKey


class Check(StrEnum):
    """What is checked."""

    LOG = "log"
    """Each checkpoint leads on from the one before."""
    PROMISE = "promise"
    """What has a receipt is in the log by the time promised."""
    CLEARING = "clearing"
    """Price and fills follow from the book, and one's own orders are in it."""
    SETTLEMENT = "settlement"
    """A member's line follows from its trades, its meters and the rules."""
    METER = "meter"
    """What a line says of a meter is what its readings say."""


class Case(Protocol):
    """What is checked, with all that it rests on."""

    NAME: ClassVar[Check]

    def check(self, log: VerifierKey) -> object:
        """Raise one of the errors below if it does not hold, or is not shown to."""
        ...

    def to_json(self) -> dict[str, object]:
        """Return what is written of it."""
        ...


class FailedCheckError(Exception):
    """What the node signed contradicts itself or the rules: anybody can see it."""

    def __init__(self, check: Check, detail: str) -> None:
        """Say which check failed, and what was found."""
        super().__init__(detail)
        self.check = check


class OpenQuestionError(Exception):
    """What is signed is as it is said; only the log's operator can still answer it."""

    def __init__(self, check: Check, detail: str) -> None:
        """Say which check it is about, and what has to be asked."""
        super().__init__(detail)
        self.check = check


class UnshownError(Exception):
    """What is given does not lead from a signature of the log's to what is said."""
