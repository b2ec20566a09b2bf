"""Bringing many changes down to what is left to do."""

from settlement_node.store.tables import Clear, Delete, Put, merged
from tests.node.store.example_tables import ENTRY, META, PENDING


def test_the_last_change_to_a_key_counts() -> None:
    changes = merged(
        [
            [Put(ENTRY, [(1, b"a"), (2, b"b"), (1, b"c")])],
            [Delete(ENTRY, [(2,), (3,)]), Put(PENDING, [(1, b"id")])],
            [Put(ENTRY, [(3, b"d")])],
        ]
    )
    assert changes[ENTRY].puts() == [(1, b"c"), (3, b"d")]
    assert changes[ENTRY].deletes() == [(2,)]
    assert changes[PENDING].puts() == [(1, b"id")]
    assert not changes[ENTRY].cleared


def test_clearing_forgets_what_came_before_it() -> None:
    changes = merged([[Put(META, [("a", b"")]), Clear(META)], [Put(META, [("b", b"")])]])
    assert changes[META].cleared
    assert changes[META].puts() == [("b", b"")]
    assert changes[META].deletes() == []
