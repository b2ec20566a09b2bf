"""A book of orders written by hand, or by a program, as JSON."""

import json
from dataclasses import dataclass
from typing import Any, Final

from depin_protocol.bounds import MAX_ORDERS, MAX_PRICE
from depin_protocol.clearing.book import Book, BookError, Order
from depin_protocol.clearing.rule import Rule
from depin_protocol.clearing.uniform import EVEN_SHARE, SellerShareError, check_share

MAX_BYTES: Final = 2**27
"""Room for the largest book, with blanks and line breaks."""

# Every value in a file begins after one of these, so few of them take little memory. In the
# largest book each order has one bracket and two commas, and its four lists have the rest.
_MOST: Final = (("[", MAX_ORDERS + 4), ("{", MAX_ORDERS + 4), (",", 2 * MAX_ORDERS + 8))

_KEYS: Final = {"bids", "asks", "band", "seller_share", "rule"}
_LONGEST_NUMBER: Final = 40
_SHOWN_NAME: Final = 60


class BookFileError(Exception):
    """The file holds no book; the one line says which field is wrong, and what it must be."""


@dataclass(frozen=True, slots=True)
class BookFile:
    """The orders to clear, and how."""

    book: Book
    seller_share: tuple[int, int]
    rule: Rule


def parse_book_file(data: bytes) -> BookFile:
    """Read a book file; each order is its own member, so that ties go by position."""
    fields = _fields(data)
    for name in ("bids", "asks"):
        if name not in fields:
            msg = f"{name}: is missing"
            raise BookFileError(msg)
    bids, asks = _orders("bids", fields["bids"]), _orders("asks", fields["asks"])
    share = _pair("seller_share", fields.get("seller_share", list(EVEN_SHARE)))
    try:
        check_share(share)
        book = Book.of(
            (Order(wh, price, member) for member, (wh, price) in enumerate(bids)),
            (Order(wh, price, member) for member, (wh, price) in enumerate(asks, len(bids))),
        )
        if "band" in fields:
            book.check_band(*_band(fields["band"]))
    except SellerShareError as error:
        msg = f"seller_share: {error}"
        raise BookFileError(msg) from error
    except BookError as error:
        raise BookFileError(describe(error)) from error
    return BookFile(book, share, _rule(fields.get("rule", Rule.UNIFORM.value)))


def describe(error: BookError) -> str:
    """Say what is wrong with a book in the words of the file."""
    columns = {"wh": "[0]", "price": "[1]", "member": "", None: ""}
    position = "" if error.column is None else f"[{error.position}]"
    return f"{error.side}{position}{columns[error.column]}: {error.problem}"


def _fields(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        msg = f"the file: is larger than {MAX_BYTES} bytes"
        raise BookFileError(msg)
    for mark, most in _MOST:
        if data.count(mark.encode()) > most:
            msg = f'the file: has more than {most} "{mark}", so holds more than any book'
            raise BookFileError(msg)
    try:
        fields = json.loads(data.decode(), object_pairs_hook=_once_each, parse_int=_bounded)
    except UnicodeDecodeError as error:
        msg = f"the file: is not UTF-8 at byte {error.start}"
        raise BookFileError(msg) from error
    except json.JSONDecodeError as error:
        msg = f"the file: is not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        raise BookFileError(msg) from error
    except RecursionError as error:
        msg = "the file: is nested too deeply"
        raise BookFileError(msg) from error
    if not isinstance(fields, dict):
        msg = 'the file: must be an object such as {"bids": [], "asks": []}'
        raise BookFileError(msg)
    for name in fields:
        if name not in _KEYS:
            msg = f"{_shown(name)}: is not a field of a book"
            raise BookFileError(msg)
    return fields


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            msg = f"{_shown(name)}: is there twice"
            raise BookFileError(msg)
        fields[name] = value
    return fields


def _bounded(digits: str) -> int:
    # Python refuses to convert thousands of digits. Cut short they are still beyond every bound.
    return int(digits[:_LONGEST_NUMBER])


def _shown(name: str) -> str:
    """Show a name from the file on one line, in ASCII."""
    return json.dumps(name)[:_SHOWN_NAME]


def _orders(name: str, value: object) -> list[tuple[int, int]]:
    if not isinstance(value, list):
        msg = f"{name}: must be a list of [wh, price]"
        raise BookFileError(msg)
    return [_pair(f"{name}[{position}]", order) for position, order in enumerate(value)]


def _pair(name: str, value: object) -> tuple[int, int]:
    match value:
        case [first, second]:
            return _whole(f"{name}[0]", first), _whole(f"{name}[1]", second)
    msg = f"{name}: must be a list of two whole numbers"
    raise BookFileError(msg)


def _whole(name: str, value: object) -> int:
    # JSON's true is an int to Python, but no number.
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{name}: must be a whole number"
        raise BookFileError(msg)
    return value


def _band(value: object) -> tuple[int, int]:
    low, high = _pair("band", value)
    for position, price in enumerate((low, high)):
        if abs(price) > MAX_PRICE:
            msg = f"band[{position}]: must be from {-MAX_PRICE} to {MAX_PRICE}"
            raise BookFileError(msg)
    if low > high:
        msg = f"band: must not begin at {low}, above its end at {high}"
        raise BookFileError(msg)
    return low, high


def _rule(value: object) -> Rule:
    for rule in Rule:
        if value == rule.value:
            return rule
    names = " or ".join(f'"{rule.value}"' for rule in Rule)
    msg = f"rule: must be {names}"
    raise BookFileError(msg)
