"""What banks name accounts and creditors by, checked: IBAN, BIC, creditor id, other ids, names."""

import re
import unicodedata
from typing import Final

_LENGTHS: Final = {
    # Of the countries whose banks take part in SEPA, as the IBAN registry has them.
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "NL"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "EE", "LT", "LU"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "DE", "GB", "GG", "IE", "IM", "JE", "ME", "RS"), 22),
    **dict.fromkeys(("GI",), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "RO", "SE", "SK", "VA"), 24),
    **dict.fromkeys(("PT",), 25),
    **dict.fromkeys(("IS",), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "SM"), 27),
    **dict.fromkeys(("AL", "CY", "HU", "PL"), 28),
    **dict.fromkeys(("MT",), 31),
}
_IBAN: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,27}")
_BIC: Final = re.compile("[A-Z]{6}[A-Z2-9][A-NP-Z0-9](?:[A-Z0-9]{3})?")
_CREDITOR: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
# SEPA's Latin characters; an id must not begin or end with a slash, nor hold two of them.
_ID: Final = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9+?/:().,'-]{1,35}(?<!/)")
_TEXT: Final = re.compile("[A-Za-z0-9 +?/:().,'-]*")
_CHECK: Final = 97

MAX_NAME: Final = 70
"""Most characters of a name in a SEPA payment."""
MAX_REMITTANCE: Final = 140
"""Most characters of what a payment says."""

_WRITTEN: Final = {
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
    "Ä": "Ae",
    "Ö": "Oe",
    "Ü": "Ue",
    "ß": "ss",
    "ẞ": "SS",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "þ": "th",
    "Þ": "Th",
    "ð": "d",
    "&": "+",
}


class IdentifierError(ValueError):
    """Something that no bank would take; the message says what to ask the member for."""


def iban(text: str) -> str:
    """Check an IBAN, and write it without blanks."""
    plain = text.replace(" ", "").upper()
    if _IBAN.fullmatch(plain) is None:
        raise IdentifierError(f"{text[:40]!r} is no IBAN: ask for it again")
    length = _LENGTHS.get(plain[:2])
    if length is None:
        raise IdentifierError(f"{plain[:2]} does not take part in SEPA: pay by another way")
    if len(plain) != length:
        raise IdentifierError(
            f"the IBAN {plain[:34]} has {len(plain)} characters, where {plain[:2]} has {length}: "
            "ask for it again"
        )
    if _remainder(plain[4:] + plain[:4]) != 1:
        raise IdentifierError(f"the check digits of {plain} are wrong: ask for the IBAN again")
    return plain


def bic(text: str) -> str:
    """Check a BIC; none is needed inside SEPA."""
    plain = text.replace(" ", "").upper()
    if plain and _BIC.fullmatch(plain) is None:
        raise IdentifierError(f"{text[:20]!r} is no BIC: correct it or leave it out")
    return plain


def creditor_id(text: str) -> str:
    """Check a creditor's identifier; the three characters of its business may be any."""
    plain = text.replace(" ", "").upper()
    if _CREDITOR.fullmatch(plain) is None or _remainder(plain[7:] + plain[:4]) != 1:
        raise IdentifierError(f"{text[:40]!r} is no creditor id: take it from the bank's letter")
    return plain


def bank_id(what: str, text: str) -> str:
    """Check a mandate's, a message's or a payment's id: 1 to 35 of SEPA's characters."""
    if _ID.fullmatch(text) is None:
        raise IdentifierError(
            f"{text[:40]!r} is no {what}: use up to 35 of A-Z a-z 0-9 + ? : ( ) . , ' -"
        )
    return text


def latin(what: str, text: str, most: int) -> str:
    """Write a text in the characters that every bank takes, cut to a length."""
    written = "".join(_WRITTEN.get(letter, letter) for letter in text)
    bare = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", written)
        if not unicodedata.combining(letter)
    )
    plain = "".join(letter if _TEXT.fullmatch(letter) else " " for letter in bare)
    cut = " ".join(plain.split())[:most].rstrip()
    if not any(map(str.isalnum, cut)):
        raise IdentifierError(
            f"{what} {text[:40]!r} has no letter that banks take: give it in Latin letters"
        )
    return cut


def _remainder(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text)) % _CHECK
