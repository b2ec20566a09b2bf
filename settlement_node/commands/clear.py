"""`settlement-node clear`: clear one book from a file, and print the result."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from depin_protocol.clearing.book import Book, BookError, Integers
from depin_protocol.clearing.mcafee import clear_by_reduction
from depin_protocol.clearing.rule import Rule
from depin_protocol.clearing.uniform import clear as clear_at_one_price
from settlement_node.commands.book_file import (
    MAX_BYTES,
    BookFile,
    BookFileError,
    describe,
    parse_book_file,
)
from settlement_node.output import print_line

type Result = dict[str, int | list[int] | None]

BAD_INPUT: Final = 2

_HELP: Final = """\
Clear the orders in BOOK.json, or on standard input if it is "-".

\b
The file is one JSON object:
  bids, asks    lists of [wh, price]; prices may be negative
  band          optional: [lowest, highest] limit that is allowed
  seller_share  optional: [1, 2], the sellers' share of the band of prices
                that clear, as a fraction (rule "uniform" only)
  rule          optional: "uniform", or "mcafee" for orders of one lot

All are whole numbers. Each order is its own member, and ties go by its
position on its side: the order listed first comes first.

\b
It prints one JSON object:
  price          what all pay and get; null if nothing trades, or if under
                 "mcafee" buyers and sellers have different prices
  volume         the Wh that trade
  clearing_band  [lowest, highest] price that clears, or null; under
                 "mcafee" [seller_price, buyer_price]
  bid_fills, ask_fills    the Wh of each order that trade, by position
  welfare        what the buyers would have paid at most, less what the
                 sellers would have asked at least
  buyer_price, seller_price, surplus    under "mcafee" only

Input that cannot be used gets one line on standard error that names the
field, such as bids[3][1], and exit code 2.
"""


class InputError(click.ClickException):
    """The input cannot be used: one line on standard error, and exit code 2."""

    exit_code = BAD_INPUT


@click.command(help=_HELP)
@click.argument("book", metavar="BOOK.json")
def clear(book: str) -> None:
    """Print what the orders of a file clear to."""
    try:
        result = _cleared(parse_book_file(_read(book)))
    except BookFileError as error:
        raise InputError(str(error)) from error
    print_line(json.dumps(result))


def _read(name: str) -> bytes:
    # One byte more than is allowed, so that an endless input ends and is refused.
    try:
        if name == "-":
            if sys.stdin is None:
                msg = "the file: cannot read '-': standard input is closed"
                raise BookFileError(msg)
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        msg = f"the file: cannot read {click.format_filename(name)!r}: {error.strerror}"
        raise BookFileError(msg) from error


def _cleared(file: BookFile) -> Result:
    if file.rule is Rule.MCAFEE:
        return _by_reduction(file.book)
    clearing = clear_at_one_price(file.book, file.seller_share)
    return {
        "price": clearing.price,
        "volume": clearing.volume,
        "clearing_band": None if clearing.band is None else list(clearing.band),
        **_fills(file.book, clearing.bid_fills, clearing.ask_fills),
    }


def _by_reduction(book: Book) -> Result:
    energies: Sequence[int] = [*book.bids.wh[:1].tolist(), *book.asks.wh[:1].tolist(), 1]
    try:
        clearing = clear_by_reduction(book, lot_wh=energies[0])
    except BookError as error:
        raise BookFileError(describe(error)) from error
    buyer, seller = clearing.buyer_price, clearing.seller_price
    return {
        "price": buyer if buyer == seller else None,
        "volume": clearing.volume,
        "clearing_band": None if buyer is None or seller is None else [seller, buyer],
        **_fills(book, clearing.bid_fills, clearing.ask_fills),
        "buyer_price": buyer,
        "seller_price": seller,
        "surplus": clearing.surplus,
    }


def _fills(book: Book, bid_fills: Integers, ask_fills: Integers) -> Result:
    bids, asks = bid_fills.tolist(), ask_fills.tolist()
    return {
        "bid_fills": bids,
        "ask_fills": asks,
        "welfare": _worth(bids, book.bids.price) - _worth(asks, book.asks.price),
    }


def _worth(fills: list[int], limits: Integers) -> int:
    """Value what trades at its limits, in Python's integers: the sum may pass 64 bits."""
    return sum(fill * limit for fill, limit in zip(fills, limits.tolist(), strict=True))
