"""What the owner of a home has to know, or to decide, about what it says."""

from enum import StrEnum
from typing import Protocol


class Trouble(StrEnum):
    """What is said to the owner, until it is over or was answered."""

    RESTORED = "restored"
    """The home was set back to an earlier time, and goes on in a new chain."""
    OUTBOX_DAMAGED = "outbox_damaged"
    """The outbox could not be read, and was set aside."""
    CLONE = "clone"
    """Another home signs with this key."""
    KEY_REFUSED = "key_refused"
    """The node does not take what this home signs."""
    NODE_DISTRUSTED = "node_distrusted"
    """What the node promised or proved does not hold."""
    BOOKS_WRONG = "books_wrong"
    """The co-op's books do not hold: nothing is traded until the owner has answered."""
    STATEMENT_REFUSED = "statement_refused"
    """The node cannot take something that this home said."""
    INVITE_REFUSED = "invite_refused"
    """The node did not let this home join."""
    CURRENCY_DIFFERS = "currency_differs"
    """The co-op counts in another currency than Home Assistant, so the home does not join."""
    NODE_SILENT = "node_silent"
    """The node has not answered for a day: perhaps it moved."""
    CLOCK_WRONG = "clock_wrong"
    """The clocks of this machine and of the node differ."""


class Owner(Protocol):
    """Whom troubles are told."""

    def tell(self, trouble: Trouble) -> None:
        """Say that a trouble is there."""
        ...

    def withdraw(self, trouble: Trouble) -> None:
        """Say that a trouble is over."""
        ...
