"""What a co-op answers to the doors that lead to it, and how it refuses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from depin_protocol.durations import DAY
from depin_protocol.log.notes import VerifierKey
from depin_protocol.problems import RefusedError
from depin_protocol.receipts import Receipt

type Answer = Receipt | RefusedError
"""What comes of one statement: the promise, or why it can't enter its chain."""


class Answers(list[Answer]):
    """The answers to statements, in order, and which of these entered the log now."""

    def __init__(self, given: Iterable[Answer] = (), entered: Sequence[bool] = ()) -> None:
        """Answer so; what is known already gets a receipt too, and has not entered now."""
        super().__init__(given)
        self.entered = entered


type Clock = Callable[[], int]
"""Gives the time in milliseconds of unix time."""

type Randomness = Callable[[int], bytes]
"""Gives so many random bytes."""


MAX_PROMISE: Final = DAY
"""Milliseconds within which a receipt promises inclusion: one night off is no breach."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What a new member needs besides its own key."""

    member: str
    index: int
    """Of the log's entry by which it joined."""
    origin: str
    node_key: bytes
    log_key: VerifierKey


@dataclass(frozen=True, slots=True)
class Settings:
    """How a node runs a co-op; none of it changes what the log says."""

    checkpoint_after: int = 2_000
    """Milliseconds from an entry to the checkpoint that holds it, at most 5,000."""
    promise: int = MAX_PROMISE
    waiting_statements: int = 20_000
    waiting_bytes: int = 64 * 2**20
    group: int = 2_000
    """Most statements of one commit."""
    events_kept: int = 90 * DAY
    """Milliseconds for which a member can ask what it was told."""
    pack_after: int = DAY
    """Milliseconds after which entries are packed."""


class BusyError(Exception):
    """More waits already than the node can take."""

    def __init__(self, retry_after: int) -> None:
        """Say in how many seconds to try again."""
        super().__init__(f"too much waits already: send it again in {retry_after} s")
        self.retry_after = retry_after


class EventsExpiredError(Exception):
    """Some of the events after the one that somebody wants to go on after may be missing."""

    def __init__(self, after: int, why: str) -> None:
        """Say why, and after which one to go on."""
        super().__init__(f"{why}, and some may be missing")
        self.after = after


class StoppedError(Exception):
    """The co-op takes nothing more; the message says why, and what to do."""


class ReadOnlyError(Exception):
    """The co-op may not grow for now: its log was seen larger than it is here."""
