"""The check digits of an IBAN (ISO 13616): a number that was mistyped is seen at once."""

import re
from typing import Final

_FORM: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def is_mistyped(number: str) -> bool:
    """Tell whether a number has the form of an IBAN, and check digits that are not its own."""
    if _FORM.fullmatch(number) is None:
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 != 1
