"""Text from members in cells of a table: never a formula to the program that opens it."""

from typing import Final

_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_MARK: Final = "'"


def as_text(text: str) -> str:
    """Mark a text that a spreadsheet would take for a formula, or that is marked itself."""
    return _MARK + text if text.startswith((*_STARTS, _MARK)) else text


def from_text(cell: str) -> str:
    """Take the mark off again."""
    return cell.removeprefix(_MARK)
