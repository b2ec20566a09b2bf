"""Who issues a statement of account, and whose it is."""

from dataclasses import dataclass
from typing import Final

from settlement_node.ledger.creditor_reference import is_creditor_reference

_LONGEST: Final = 140
_MOST_LINES: Final = 6


class PartyError(ValueError):
    """A name or an address that no statement could show."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """The co-op, as the law wants it on a bill."""

    name: str
    address: tuple[str, ...] = ()
    vat_id: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be shown."""
        require_shown("the co-op", self.name, (*self.address, self.vat_id))


@dataclass(frozen=True, slots=True)
class Holder:
    """The member: its id in the co-op, and the reference that it pays with."""

    member: str
    name: str
    reference: str
    address: tuple[str, ...] = ()
    vat_id: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be shown."""
        require_shown("the member", self.name, (*self.address, self.vat_id))
        if not self.member:
            raise PartyError("the member's id must stand on a statement: give it")
        if not is_creditor_reference(self.reference):
            raise PartyError(
                f"{self.reference[:40]!r} is no reference to pay with: give the member's"
            )


def require_shown(whose: str, name: str, others: tuple[str, ...]) -> None:
    """Refuse what no statement could show of the one named so."""
    if not name.strip():
        raise PartyError(f"{whose} has no name: give one")
    if len(others) > _MOST_LINES:
        raise PartyError(f"{whose} has {len(others)} lines below its name: give at most 6")
    for text in (name, *others):
        if len(text) > _LONGEST or not text.isprintable():
            raise PartyError(
                f"{text[:40]!r} of {whose} is longer than {_LONGEST} characters or has some that "
                "cannot be printed: shorten or mend it"
            )
