"""The book's root, against a second writing of it from its description."""

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given

from depin_protocol.clearing.book import Book, Order
from depin_protocol.clearing.book_tree import BookTree, Context
from depin_protocol.clearing.pseudonym import pseudonym, salt_commitment
from tests.protocol.drawn_books import Orders, Sides, sides

CONTEXT = Context("street", 1_790_000_000_000, "north")
SALTS = [bytes([number]) * 16 for number in range(5)]
NAMES = sorted(pseudonym(salt, CONTEXT.market, CONTEXT.interval_start) for salt in SALTS)

type Row = tuple[int, bytes, int]


def number(value: int, length: int = 8) -> bytes:
    """Write an integer big-endian, in two's complement."""
    return value.to_bytes(length, "big", signed=value < 0)


def rows(orders: Orders, direction: int) -> list[Row]:
    """Add up each member's orders at each price, and sort by rank and pseudonym."""
    places = sorted({(direction * order.price, NAMES[order.member]) for order in orders})
    return [
        (
            direction * rank,
            name,
            sum(o.wh for o in orders if (direction * o.price, NAMES[o.member]) == (rank, name)),
        )
        for rank, name in places
    ]


def shown(leaves: list[Row]) -> bytes:
    """Write what a parent covers of the node over some leaves, by RFC 9162's recursion."""
    if len(leaves) == 1:
        price, name, wh = leaves[0]
        digest = sha256(b"depin book leaf v1\0" + name + number(price) + number(wh)).digest()
    else:
        left = 1
        while left * 2 < len(leaves):
            left *= 2
        children = shown(leaves[:left]) + shown(leaves[left:])
        digest = sha256(b"depin book node v1\0" + children).digest()
    energy = sum(wh for _, _, wh in leaves)
    return digest + number(energy) + number(leaves[0][0]) + number(leaves[-1][0])


def expected_root(bids: Orders, asks: Orders, context: Context) -> bytes:
    """Write the root as the protocol's text says."""
    data = b"depin book root v1\0"
    for name in (context.market.encode(), context.zone.encode()):
        data += number(len(name), 2) + name
    data += number(context.interval_start)
    for leaves in (rows(bids, -1), rows(asks, 1)):
        data += number(len(leaves), 4) + (shown(leaves) if leaves else b"")
    return sha256(data).digest()


@given(sides)
def test_the_root_is_that_of_the_description(drawn: Sides) -> None:
    tree = BookTree.of(CONTEXT, Book.of(*drawn), NAMES)
    assert tree.root == expected_root(*drawn, CONTEXT)


@pytest.mark.parametrize("count", range(1, 34))
def test_every_number_of_leaves_has_the_shape_of_rfc_9162(count: int) -> None:
    bids = [Order(number + 1, number, 0) for number in range(count)]
    tree = BookTree.of(CONTEXT, Book.of(bids, []), NAMES)
    assert tree.root == expected_root(bids, [], CONTEXT)


@given(sides)
def test_the_order_of_arrival_does_not_change_the_root(drawn: Sides) -> None:
    bids, asks = drawn
    roots = {
        BookTree.of(CONTEXT, Book.of(*arrived), NAMES).root
        for arrived in (drawn, (bids[::-1], asks[::-1]), (sorted(bids), sorted(asks)))
    }
    assert len(roots) == 1


@given(sides)
def test_any_other_book_or_context_has_another_root(drawn: Sides) -> None:
    bids, asks = drawn
    root = BookTree.of(CONTEXT, Book.of(bids, asks), NAMES).root
    others = [
        Context("streetn", CONTEXT.interval_start, "orth"),
        Context(CONTEXT.market, CONTEXT.interval_start + 1, CONTEXT.zone),
        Context(CONTEXT.market, CONTEXT.interval_start, "south"),
    ]
    roots = [BookTree.of(context, Book.of(bids, asks), NAMES).root for context in others]
    more = [Order(1, 0, 0)]
    roots.append(BookTree.of(CONTEXT, Book.of(bids + more, asks), NAMES).root)
    roots.append(BookTree.of(CONTEXT, Book.of(bids, asks + more), NAMES).root)
    assert len({root, *roots}) == len(roots) + 1


def test_names_count_by_their_bytes_in_utf_8() -> None:
    tree = BookTree.of(Context("Gasse ü", 1, "Süd"), Book.of([], []), NAMES)
    assert tree.root == expected_root([], [], tree.context)


def test_pseudonyms_differ_by_salt_market_and_interval() -> None:
    salt, other = b"s" * 16, b"t" * 16
    names = [
        pseudonym(salt, "street", 1),
        pseudonym(other, "street", 1),
        pseudonym(salt, "square", 1),
        pseudonym(salt, "street", 2),
        salt_commitment(salt),
        salt_commitment(other),
    ]
    assert len(set(names)) == len(names)
    assert names[0] == sha256(b"depin pseudonym v1\0" + salt + number(1) + b"street").digest()
    assert names[4] == sha256(b"depin member salt v1\0" + salt).digest()


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_salt_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="a member's market salt is 16 bytes"):
        salt_commitment(b"s" * length)
    with pytest.raises(ValueError, match="a member's market salt is 16 bytes"):
        pseudonym(b"s" * length, "street", 1)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ([NAMES[0][:31]], "a pseudonym is 32 bytes"),
        (NAMES[::-1], "greater than the one before"),
        ([NAMES[0], NAMES[0]], "greater than the one before"),
        (NAMES[:1], "members beyond the 1 pseudonyms given"),
    ],
)
def test_pseudonyms_that_are_no_tie_order_are_refused(names: list[bytes], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        BookTree.of(CONTEXT, Book.of([Order(1, 0, 1)], []), names)


def test_names_are_in_tie_order() -> None:
    assert all(first < second for first, second in pairwise(NAMES))
