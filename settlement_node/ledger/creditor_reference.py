"""The reference that a member writes on a transfer of money: ISO 11649, `RF` and check digits."""

import re
from hashlib import sha256
from string import ascii_uppercase
from typing import Final

from depin_protocol.encoding import from_text
from depin_protocol.identifiers import ID_LENGTH

# Letters alone, so that one wrong or two swapped are always noticed: among digits and letters the
# check digits miss some, 5 for A say. No O and I, which people take for 0 and 1.
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_BODY_LENGTH: Final = 14
_LENGTH: Final = _BODY_LENGTH + 4
_OURS: Final = re.compile(rf"RF[0-9]{{2}}[{_LETTERS}]{{{_BODY_LENGTH}}}")
_ANY: Final = re.compile("RF[0-9]{2}[0-9A-Z]{1,21}")
_VALUES: Final = str.maketrans({letter: str(int(letter, 36)) for letter in ascii_uppercase})
_BLANK: Final = r"[\s./-]"
_START: Final = re.compile(rf"R{_BLANK}*F(?={_BLANK}*[0-9])")


def creditor_reference(body: str) -> str:
    """Put the check digits before up to 21 letters and digits."""
    check = 98 - _remainder(body + "RF00")
    return f"RF{check:02}{body}"


def member_reference(coop: str, member: str) -> str:
    """Make the reference of a member of a co-op: the same for ever, of 18 characters.

    It tells nobody who the member is. With 24^14 of them, two of a million members share one with
    a chance of 1 in 40 million.
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
    return _ANY.fullmatch(text) is not None and _remainder(text[4:] + text[:4]) == 1


def references_in(text: str) -> tuple[str, ...]:
    """Find the members' references in what a payer wrote, however it is broken into groups."""
    plain = text.upper()
    found: dict[str, None] = {}
    for start in _START.finditer(plain):
        # A blank after each letter is as far apart as people write them.
        near = plain[start.start() : start.start() + 2 * _LENGTH]
        reference = re.sub(_BLANK, "", near)[:_LENGTH]
        if _OURS.fullmatch(reference) and is_creditor_reference(reference):
            found[reference] = None
    return tuple(found)


def _remainder(text: str) -> int:
    return int(text.translate(_VALUES)) % 97
