"""What an MQTT payload says: plain numbers and texts, or values on a path in JSON."""

import json
import re
from fractions import Fraction
from typing import Final

from .formulas import Raw
from .places import Step
from .quantities import number

NOT_FOUND: Final = object()
"""A path that leads nowhere: the message does not speak of the value."""

# What stands for no value, as text.
_NOTHING: Final = frozenset({"", "null", "none", "nan", "-nan", "unknown", "unavailable"})
# Half a character, as JSON can escape it, is no text: nothing could store it.
_HALF: Final = re.compile("[\ud800-\udfff]")
_LONGEST: Final = 100_000


def scalar(payload: str) -> Raw:
    """Return what a payload without structure says, None where it says that there is no value."""
    text = payload.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    return None if text.lower() in _NOTHING or _HALF.search(text) else text


def document(payload: str) -> object:
    """Return the JSON in a payload, or NOT_FOUND where it is none."""
    if len(payload) > _LONGEST:
        return NOT_FOUND
    try:
        return json.loads(payload, parse_float=number, parse_constant=lambda _: None)
    except ValueError, RecursionError:
        return NOT_FOUND


def telegram_piece(payload: str, tree: object) -> str:
    """Return what may be a piece of a telegram; Tasmota wraps it into JSON."""
    wrapped = tree.get("SerialReceived") if isinstance(tree, dict) else None
    return wrapped if isinstance(wrapped, str) else payload


def with_piece(payload: str, piece: str) -> str:
    """Return a message with this in the place of its own piece of a telegram."""
    is_wrapped = telegram_piece(payload, document(payload)) is not payload
    return json.dumps({"SerialReceived": piece}) if is_wrapped else piece


def on_path(tree: object, path: tuple[Step, ...]) -> object:
    """Follow a path into a document, to NOT_FOUND where it ends before."""
    for step in path:
        match tree, step:
            case dict(), str() if step in tree:
                tree = tree[step]
            case list(), int() if -len(tree) <= step < len(tree):
                tree = tree[step]
            case _:
                return NOT_FOUND
    return tree


def value(tree: object, path: tuple[Step, ...]) -> Raw:
    """Return the raw value on a path."""
    return _raw(on_path(tree, path))


def _raw(found: object) -> Raw:
    """Return a value on a path; of a list of phases, the sum."""
    match found:
        case str():
            return scalar(found)
        case bool() | int() | Fraction():
            return found
        case list() if found:
            values = [_raw(each) for each in found]
            numbers = [each for each in values if isinstance(each, int | Fraction)]
            return sum(numbers, Fraction()) if len(numbers) == len(values) else None
        case _:
            return None
