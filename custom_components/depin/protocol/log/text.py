"""The one way to write a number, and the one way to write bytes, in the texts of a log."""

import re
from base64 import b64encode
from binascii import a2b_base64
from typing import Final

MAX_NUMBER: Final = 2**63 - 1
"""Sizes, indices and timestamps fit a signed 64-bit integer."""

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")


def parse_decimal(text: str) -> int | None:
    """Read an ASCII decimal without leading zeros, or nothing if it is not one."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = int(text)
    return number if number <= MAX_NUMBER else None


def format_base64(data: bytes) -> str:
    """Write bytes as standard base64 with padding."""
    return b64encode(data).decode("ascii")


def parse_base64(text: str) -> bytes | None:
    """Read standard base64 with padding, or nothing if it is not the one form of its bytes."""
    try:
        data = a2b_base64(text)
    except ValueError:
        return None
    # The decoder passes over foreign characters and unused bits; writing it again does not.
    return data if format_base64(data) == text else None
