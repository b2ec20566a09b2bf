"""The tables of statements of account, and of what they are made of beside settlement."""

from typing import Final

from settlement_node.store.tables import Table, binary, integers, text

PARTY: Final = Table("billing_party", binary("member"), binary("data"))
"""How a member, or under an empty name the co-op, stands on a statement."""

LAST_STATEMENT: Final = Table("last_statement", binary("member"), integers("year", "serial"))
"""Each member's newest statement."""

STATEMENT_OF_ACCOUNT: Final = Table(
    "statement_of_account",
    (*binary("member"), *integers("year", "serial")),
    (*integers("index", "said"), *binary("data")),
)
"""Every statement as it was issued, in the form that its hash covers.

It stands on the entry `index`, and tells what was decided before the entry `said`.
"""

MOVEMENT: Final = Table(
    "member_movement",
    (*binary("member"), *integers("at", "index", "position")),
    (*text("code"), *integers("amount")),
)
"""Money that members paid in and took out, by the logged time."""

TABLES: Final = (PARTY, LAST_STATEMENT, STATEMENT_OF_ACCOUNT, MOVEMENT)
