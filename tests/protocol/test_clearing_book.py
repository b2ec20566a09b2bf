"""What a book refuses, and that it says where."""

import numpy as np
import pytest

from depin_protocol.bounds import MAX_ENERGY, MAX_ORDERS, MAX_PRICE
from depin_protocol.clearing.book import Book, BookError, Order, Side

GOOD = Order(1, 0, 0)


@pytest.mark.parametrize(
    ("order", "where"),
    [
        (Order(0, 0, 0), "wh"),
        (Order(-1, 0, 0), "wh"),
        (Order(MAX_ENERGY + 1, 0, 0), "wh"),
        (Order(2**64, 0, 0), "wh"),
        (Order(1, MAX_PRICE + 1, 0), "price"),
        (Order(1, -MAX_PRICE - 1, 0), "price"),
        (Order(1, -(2**63) - 1, 0), "price"),
        (Order(1, 0, -1), "member"),
        (Order(1, 0, MAX_ORDERS), "member"),
    ],
)
def test_a_value_out_of_bounds_is_named(order: Order, where: str) -> None:
    with pytest.raises(BookError) as refused:
        Book.of([GOOD], [GOOD, GOOD, order])
    error = refused.value
    assert (error.side, error.position, error.column) == ("asks", 2, where)
    assert str(error).startswith(f"asks[2].{where}: must be from ")


def test_values_at_the_bounds_are_taken() -> None:
    book = Book.of([Order(MAX_ENERGY, MAX_PRICE, MAX_ORDERS - 1)], [Order(1, -MAX_PRICE, 0)])
    assert book.bids.wh.tolist() == [MAX_ENERGY]


def test_a_book_of_too_many_orders_is_refused() -> None:
    column = np.ones(MAX_ORDERS, dtype=np.int64)
    one = column[:1]
    Book(Side(column, column, column), Side(one[:0], one[:0], one[:0]))
    with pytest.raises(BookError, match="bids: a book holds at most 1048576 orders"):
        Book(Side(column, column, column), Side(one, one, one))


@pytest.mark.parametrize("wrong", [np.ones(2, dtype=np.int64), np.ones(1), np.ones((1, 1), int)])
def test_columns_of_another_length_or_type_are_refused(wrong: np.ndarray) -> None:
    one = np.ones(1, dtype=np.int64)
    with pytest.raises(BookError, match="bids: price must be int64, one for each order"):
        Book(Side(price=wrong, wh=one, member=one), Side(one, one, one))


def test_a_limit_outside_the_price_band_is_named() -> None:
    book = Book.of([Order(1, 5, 0)], [Order(1, 3, 0), Order(1, 8, 0)])
    book.check_band(3, 8)
    with pytest.raises(BookError, match=r"asks\[1\]\.price: must be from 3 to 7"):
        book.check_band(3, 7)
    with pytest.raises(BookError, match=r"asks\[0\]\.price: must be from 4 to 8"):
        book.check_band(4, 8)
