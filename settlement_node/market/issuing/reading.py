"""Statements of account as they were issued."""

from typing import Final, NamedTuple

from settlement_node.market.billing.json_file import read_json
from settlement_node.market.billing.statement import StatementOfAccount
from settlement_node.market.issuing.tables import STATEMENT_OF_ACCOUNT
from settlement_node.store.port import View
from settlement_node.store.tables import Key

_AT_ONCE: Final = 200


class KeptStatement(NamedTuple):
    """A statement, the entry that issued it, and the one before which all was that it tells."""

    statement: StatementOfAccount
    entry: int
    said: int


async def kept_statements(view: View, member: bytes) -> list[KeptStatement]:
    """Read a member's statements, in order."""
    found: list[KeptStatement] = []
    after: Key | None = None
    while True:
        rows = await view.scan(STATEMENT_OF_ACCOUNT, (member,), after=after, limit=_AT_ONCE)
        for row in rows:
            match row:
                case (bytes(), int(), int(), int(entry), int(said), bytes(data)):
                    found.append(KeptStatement(read_json(data), entry, said))
        if len(rows) < _AT_ONCE:
            return found
        after = rows[-1][: len(STATEMENT_OF_ACCOUNT.key)]
