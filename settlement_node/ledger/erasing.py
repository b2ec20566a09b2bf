"""Which rows of the ledger go with an erasure: all that are older, and that no replay needs.

A replay begins at the state root under the erasure. It needs the reservations that stood there,
and what operators named between the root and the erasure, when older rows could still be named.
"""

from collections.abc import AsyncIterator, Iterable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Final

from depin_protocol.encoding import EncodingError, from_text
from depin_protocol.identifiers import HASH_LENGTH
from depin_protocol.log.entries import StatementEntry, read_entry
from depin_protocol.problems import RefusedError
from depin_protocol.statements.envelope import read_statement
from depin_protocol.statements.fields import BodyError
from depin_protocol.statements.membership import OperatorAction
from settlement_node.ledger.actions import ACTIONS, read_action
from settlement_node.ledger.looking_up import deposit_keys, might_repeat, named
from settlement_node.ledger.tables import ABOUT, ACCOUNT_HISTORY, TRANSFER
from settlement_node.ledger.transfers import Cause
from settlement_node.log.reading import Kept, portions
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Delete, Key, Table, Value

_AT_ONCE: Final = 1_000


async def erasing_transfers(
    view: View, below: int, standing: Iterable[Value]
) -> AsyncIterator[Change]:
    """Give what has to be committed, portion by portion, so that older rows are gone.

    `standing` are the reservations that stood at the root. While the log is read for what was
    named since, the portions change nothing.
    """
    keys: set[Value] = set()
    names: set[Value] = set(standing)
    async for _, portion in portions(view, below):
        for one in portion:
            _note_named(one, keys, names)
        yield Delete(TRANSFER, [])
    async for reference, index, _, name in every_row(view, ABOUT):
        if isinstance(index, int) and index < below and reference in keys:
            names.add(name)
    for table, needed in ((TRANSFER, names), (ABOUT, keys | names), (ACCOUNT_HISTORY, set())):
        async for change in _older(view, table, below, needed):
            yield change


def _note_named(one: Kept, keys: set[Value], names: set[Value]) -> None:
    """Take note of what an operator's action speaks of: deposits by their keys, and transfers."""
    entry = read_entry(one.entry)
    if (
        one.body is None
        or not isinstance(entry, StatementEntry)
        or entry.kind != OperatorAction.KIND
    ):
        return
    # What can't be read had no effect, and looked for nothing.
    with suppress(RefusedError, BodyError, EncodingError):
        body = read_statement(one.body).body
        if isinstance(body, OperatorAction) and body.action in ACTIONS:
            action = read_action(body)
            keys |= deposit_keys(action)
            names |= named(action)
            names |= might_repeat(action, Cause(from_text(entry.hash, HASH_LENGTH), entry.at))


async def _older(
    view: View, table: Table, below: int, needed: AbstractSet[Value]
) -> AsyncIterator[Change]:
    """Give up the rows of entries below an index, but for those whose keys begin so."""
    place = [column.name for column in table.columns].index("index")
    width = len(table.key)
    keys: list[Key] = []
    async for row in every_row(view, table):
        index = row[place]
        if isinstance(index, int) and index < below and row[0] not in needed:
            keys.append(row[:width])
        if len(keys) == _AT_ONCE:
            yield Delete(table, keys)
            keys = []
    yield Delete(table, keys)
