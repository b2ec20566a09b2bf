"""The examples of `docs/ledger.md`, read and run as one story."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from depin_protocol.durations import DAY
from settlement_node.ledger.accounts import KIND_RULES, AccountKind, AccountName
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.rows import Logged, TransferRow
from settlement_node.ledger.transfers import Phase, Transfer, post, transfer_id
from tests.node.ledger.row_shelf import DENOMINATIONS

PAGE = Path(__file__).parents[3] / "docs" / "ledger.md"
SECTION = re.compile(r"^### `(\w+)`\n(.+?)\n```\n(.+?)```$", re.MULTILINE | re.DOTALL)
BEGIN = 1_794_182_400_000


def sections() -> list[tuple[str, list[str]]]:
    """List each code's section with its example's lines."""
    found = SECTION.findall(PAGE.read_text("utf-8"))
    return [(code, example.splitlines()) for code, _, example in found]


@dataclass
class Story:
    """A ledger to which examples happen, one entry a line."""

    ledger: Ledger = field(default_factory=lambda: Ledger(DENOMINATIONS))
    booked: list[tuple[int, Transfer]] = field(default_factory=list)
    rows: list[TransferRow] = field(default_factory=list)
    codes: set[Code] = field(default_factory=set)

    def tell(self, code: str, line: str) -> None:
        if line.startswith("holds "):
            self._holds(line.removeprefix("holds "))
        elif line.startswith("post "):
            _, reservation = self.booked[-1]
            taken = DENOMINATIONS[reservation.asset].read(line.split()[1])
            self._apply(post(self._name(), reservation, taken))
        else:
            phase = Phase.RESERVE if line.startswith("reserve ") else Phase.AT_ONCE
            debit, _, rest = line.removeprefix("reserve ").partition(" -> ")
            credit, amount = rest.rsplit(" ", 2)[:2]
            debited = account(debit)
            asset = KIND_RULES[debited.kind].asset
            self._apply(
                Transfer(
                    self._name(),
                    self.ledger.open(debited),
                    self.ledger.open(account(credit)),
                    DENOMINATIONS[asset].read(amount),
                    asset,
                    Code[code],
                    phase,
                )
            )

    def _name(self) -> bytes:
        return transfer_id(BEGIN, b"%d" % len(self.booked))

    def _apply(self, transfer: Transfer) -> None:
        at = BEGIN + len(self.booked) * DAY
        outcomes = self.ledger.apply([transfer], Logged(len(self.booked), at))
        assert outcomes == (Outcome.CREATED,), transfer
        self.booked.append((at, transfer))
        self.rows += self.ledger.take_changes().transfers
        self.codes.add(transfer.code)

    def _holds(self, words: str) -> None:
        title, amount, unit = words.rsplit(" ", 2)
        name = account(title)
        denomination = DENOMINATIONS[KIND_RULES[name.kind].asset]
        assert denomination.code == unit
        sign = -1 if amount.startswith("-") else 1
        told = sign * denomination.read(amount.lstrip("-"))
        assert self.ledger.balance(name).posted == told, words


def account(words: str) -> AccountName:
    kind, _, owner = words.partition(" ")
    return AccountName(AccountKind[kind], owner.encode())


def whole_story() -> Story:
    """Run all examples."""
    story = Story()
    for code, lines in sections():
        for line in lines:
            story.tell(code, line)
    return story
