"""McAfee's trade reduction (1992): truthful for households that trade one lot each.

Telling the truth is the best strategy whatever the others do, nobody pays more or gets less
than the limit, and the market never pays in. For that at most one trade, the last, is given up.
"""

from dataclasses import dataclass

import numpy as np

from ..bounds import MAX_ENERGY
from .book import Book, BookError, Integers, Side, SideName


@dataclass(frozen=True, slots=True, eq=False)
class TradeReduction:
    """What a book clears to; no prices where nothing trades.

    The surplus is what buyers pay beyond what sellers get. It belongs to the account
    `mechanism_surplus`, never to a trader, or the truth would stop being the best strategy.
    """

    buyer_price: int | None
    seller_price: int | None
    volume: int
    surplus: int
    bid_fills: Integers
    ask_fills: Integers


def clear_by_reduction(book: Book, lot_wh: int) -> TradeReduction:
    """Clear a book of single lots; refuse one that the rule's promise does not cover."""
    _check_lots(book, lot_wh)
    bids = np.lexsort((book.bids.member, -book.bids.price))
    asks = np.lexsort((book.asks.member, book.asks.price))
    bid_prices, ask_prices = book.bids.price[bids], book.asks.price[asks]
    pairs = min(bids.size, asks.size)
    # Bids fall and asks rise along the pairs, so those that can trade come first.
    lots = int(np.count_nonzero(bid_prices[:pairs] >= ask_prices[:pairs]))
    if not lots:
        return _result(book, lot_wh, bids[:0], asks[:0], None)
    last_bid, last_ask = int(bid_prices[lots - 1]), int(ask_prices[lots - 1])
    if lots < pairs:
        # Only orders that do not trade set this price, however it is rounded.
        price = (int(bid_prices[lots]) + int(ask_prices[lots])) // 2
        if last_ask <= price <= last_bid:
            return _result(book, lot_wh, bids[:lots], asks[:lots], (price, price))
    kept = lots - 1
    return _result(book, lot_wh, bids[:kept], asks[:kept], (last_bid, last_ask) if kept else None)


def _check_lots(book: Book, lot_wh: int) -> None:
    if not 1 <= lot_wh <= MAX_ENERGY:
        msg = f"a lot must be from 1 to {MAX_ENERGY} Wh"
        raise ValueError(msg)
    seen: set[int] = set()
    sides: tuple[tuple[SideName, Side], ...] = (("bids", book.bids), ("asks", book.asks))
    for name, side in sides:
        other = np.flatnonzero(side.wh != lot_wh)
        if other.size:
            problem = f"must be one lot of {lot_wh} Wh under the mcafee rule"
            raise BookError(name, problem, column="wh", position=int(other[0]))
        for position, member in enumerate(side.member.tolist()):
            if member in seen:
                problem = "has another order in this book; the mcafee rule takes one of each member"
                raise BookError(name, problem, column="member", position=position)
            seen.add(member)


def _result(
    book: Book, lot_wh: int, bids: Integers, asks: Integers, prices: tuple[int, int] | None
) -> TradeReduction:
    bid_fills, ask_fills = np.zeros_like(book.bids.wh), np.zeros_like(book.asks.wh)
    bid_fills[bids] = lot_wh
    ask_fills[asks] = lot_wh
    volume = bids.size * lot_wh
    buyer, seller = prices or (None, None)
    surplus = volume * (prices[0] - prices[1]) if prices else 0
    return TradeReduction(buyer, seller, volume, surplus, bid_fills, ask_fills)
