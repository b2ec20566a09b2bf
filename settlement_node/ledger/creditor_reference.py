"""The reference that a member writes on a transfer of money: ISO 11649, `RF` and check digits."""

import re
from hashlib import sha256
from typing import Final

from depin_protocol.encoding import from_text
from depin_protocol.identifiers import ID_LENGTH

# No O and I, which people take for 0 and 1.
_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_BODY_LENGTH: Final = 12
_MOST_BODY: Final = 21
_DIGITS: Final = {
    letter: str(value) for value, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
}
_FORM: Final = re.compile(rf"RF[0-9]{{2}}[0-9A-Z]{{1,{_MOST_BODY}}}")
_BLANKS: Final = re.compile(r"[\s./-]+")
_GROUP: Final = 4
_START: Final = re.compile(r"R[\s./-]*F(?=[\s./-]*[0-9])")


def creditor_reference(body: str) -> str:
    """Put the check digits before up to 21 letters and digits."""
    check = 98 - _remainder(body + "RF00")
    return f"RF{check:02}{body}"


def member_reference(coop: str, member: str) -> str:
    """Make the reference of a member of a co-op: the same for ever, of 16 characters.

    It tells nobody who the member is. 34^12 references: two of a million members share one with
    a chance of 1 in 4 million, which `matched` treats as nobody's.
    """
    digest = sha256(
        b"depin money reference v1\x00" + from_text(coop, ID_LENGTH) + from_text(member, ID_LENGTH)
    ).digest()
    number = int.from_bytes(digest)
    letters = []
    for _ in range(_BODY_LENGTH):
        number, value = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[value])
    return creditor_reference("".join(letters))


def is_creditor_reference(text: str) -> bool:
    """Tell whether the check digits hold."""
    return _FORM.fullmatch(text) is not None and _remainder(text[4:] + text[:4]) == 1


def for_people(reference: str) -> str:
    """Write a reference in groups of four, as on a bill."""
    return " ".join(reference[begin : begin + _GROUP] for begin in range(0, len(reference), _GROUP))


def references_in(text: str) -> tuple[str, ...]:
    """Find the members' references in what a payer wrote, however it is broken into groups."""
    plain = text.upper()
    found: dict[str, None] = {}
    length = _BODY_LENGTH + _GROUP
    for start in _START.finditer(plain):
        rest = _BLANKS.sub("", plain[start.start() : start.start() + 3 * length])
        if is_creditor_reference(rest[:length]):
            found[rest[:length]] = None
    return tuple(found)


def _remainder(text: str) -> int:
    return int("".join(_DIGITS[letter] for letter in text)) % 97
