"""Bytes as text, and the JSON that statements are written in."""

import json
from base64 import urlsafe_b64decode
from binascii import Error as BinasciiError
from binascii import b2a_base64
from typing import Any, Final, NoReturn

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")

MAX_DEPTH: Final = 16
"""Deepest nesting of arrays and objects, the outermost counted as 1."""

MAX_INTEGER: Final = 2**63 - 1
"""Integers lie between -MAX_INTEGER and MAX_INTEGER."""


class EncodingError(ValueError):
    """The text is not in the agreed form; the message says where it departs."""


def to_text(data: bytes) -> str:
    """Write bytes as base64url without padding."""
    written = b2a_base64(data, newline=False).rstrip(b"=")
    return written.translate(_TO_URL).decode("ascii")


def from_text(text: str, length: int) -> bytes:
    """Read exactly `length` bytes of canonical base64url without padding."""
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (BinasciiError, UnicodeEncodeError):
        data = b""
    if len(data) != length or to_text(data) != text:
        msg = f"not {length} bytes in base64url without padding"
        raise EncodingError(msg)
    return data


def encode_json(value: object) -> bytes:
    """Write JSON without blanks, in ASCII."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode_json(data: bytes) -> Any:  # noqa: ANN401 - the callers check what they get
    """Read the agreed JSON, and all of its rules."""
    try:
        value = scan_json(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        msg = f"not UTF-8: {error.reason} at byte {error.start}"
        raise EncodingError(msg) from None
    check_json(value)
    return value


def scan_json(text: str) -> Any:  # noqa: ANN401 - the callers check what they get
    """Read JSON that has no float and no key twice; `check_json` has the other rules."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise EncodingError(_TOO_DEEP) from None
    except ValueError as error:
        msg = f"not the JSON of this protocol: {error}"
        raise EncodingError(msg) from None


def check_json(value: object, room: int = MAX_DEPTH) -> None:
    """Refuse what other readers of JSON may take differently: depth, big integers, half characters.

    A body that its kind's reader accepts obeys these rules already, so that only others pay for it.
    """
    if isinstance(value, str):
        check_characters(value)
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            msg = "an integer of more than 63 bits"
            raise EncodingError(msg)
    elif isinstance(value, dict | list):
        if not room:
            raise EncodingError(_TOO_DEEP)
        for inner in value:
            check_json(inner, room - 1)
        if isinstance(value, dict):
            for inner in value.values():
                check_json(inner, room - 1)


def check_characters(text: str) -> None:
    """Refuse half of a surrogate pair, which has no UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        msg = "half of a surrogate pair in a text"
        raise EncodingError(msg) from None


_TOO_DEEP: Final = f"nested more than {MAX_DEPTH} deep"


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                msg = f"the key {name[:40]!r} stands twice in one object"
                raise EncodingError(msg)
            seen.add(name)
    return value


def _no_float(text: str) -> NoReturn:
    msg = f"{text[:40]} is not an integer"
    raise EncodingError(msg)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float
)
