"""Statements of account that were issued, as the operator asks the node for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from settlement_node.commands.books import Books
from settlement_node.market.billing.numbers import StatementNumber


@dataclass(frozen=True, slots=True)
class IssuedStatement:
    """A statement as the node lists it."""

    member: str
    number: str
    month: str
    closing: int
    at_bank: int
    path: str
    """Where the node has its files."""


async def issued_statements(
    books: Books, month: str | None = None, members: Sequence[str] = ()
) -> list[IssuedStatement]:
    """List statements by their numbers: all of them, or of a month, or of some members."""
    found: list[IssuedStatement] = []
    for member in books.members.chosen(members):
        path = f"/v1/coops/{books.speaker.coop}/members/{member}/account-statements"
        for one in await books.speaker.ask(path):
            if month in {None, one["month"]}:
                number = one["number"]
                amounts = (one["closing"], one["at_bank"])
                found.append(
                    IssuedStatement(member, number, one["month"], *amounts, f"{path}/{number}")
                )
    return sorted(found, key=lambda one: StatementNumber.read(one.number))
