"""Transfers drawn at random: sensible ones, repeated ones, and ones with a mistake in one field."""

from random import Random
from typing import Any

from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.codes import Code
from settlement_node.ledger.transfers import Phase, Transfer, post, transfer_id, void

NAMES = [
    AccountName(AccountKind.BANK, b"DE1"),
    AccountName(AccountKind.MEMBER_MONEY, b"ada"),
    AccountName(AccountKind.MEMBER_MONEY, b"bob"),
    AccountName(AccountKind.RESERVATIONS),
    AccountName(AccountKind.INTERVAL_CLEARING),
    AccountName(AccountKind.ISSUED_CERTIFICATES),
    AccountName(AccountKind.MEMBER_CERTIFICATES, b"ada"),
    AccountName(AccountKind.CERTIFICATE_POOL),
]
BANK, ADA, BOB, HELD, CLEARING, ISSUED, ROOF, POOL = range(1, 9)
MONEY, WH = Asset.CURRENCY, Asset.CERTIFICATE

SENSIBLE = [
    (BANK, ADA, MONEY, Code.DEPOSIT, Phase.AT_ONCE),
    (BANK, BOB, MONEY, Code.DEPOSIT, Phase.AT_ONCE),
    (ADA, BANK, MONEY, Code.PAYOUT, Phase.RESERVE),
    (ADA, HELD, MONEY, Code.ORDER_RESERVATION, Phase.RESERVE),
    (BOB, HELD, MONEY, Code.ORDER_RESERVATION, Phase.RESERVE),
    (ADA, CLEARING, MONEY, Code.SETTLEMENT_DUE, Phase.AT_ONCE),
    (CLEARING, BOB, MONEY, Code.SETTLEMENT_PAID, Phase.AT_ONCE),
    (ISSUED, ROOF, WH, Code.CERTIFICATES_ISSUED, Phase.AT_ONCE),
    (ROOF, POOL, WH, Code.CERTIFICATES_INTO_POOL, Phase.AT_ONCE),
    (POOL, ROOF, WH, Code.CERTIFICATES_FROM_POOL, Phase.AT_ONCE),
]
START = 100
"""When the drawn books begin."""

MISTAKES: dict[str, tuple[Any, ...]] = {
    "id": (b"short",),
    "debit": (0, ADA, BOB, ISSUED),
    "credit": (0, 9, ADA, HELD, POOL),
    "amount": (0, -1, 1, 2**62, 2**62 - 1, 2**62 - 1),
    "asset": tuple(Asset),
    "code": (Code.DEPOSIT, Code.PAYOUT, Code.REWARD),
    "phase": tuple(Phase),
    "reserved_by": (b"", transfer_id(START, b"0")),
    "expires": (-1, 1, 0, START + 9, 2**48),
    "reference": (b"about", b"x" * 65),
}


class Drawer:
    """Draws transfers, and remembers what it drew."""

    def __init__(self) -> None:
        self.drawn: list[Transfer] = []
        self._count = 0

    def batch(self, random: Random, at: int) -> list[Transfer]:
        batch = [self._transfer(random, at) for _ in range(random.randrange(1, 6))]
        batch = [transfer._replace(linked=random.random() < 0.3) for transfer in batch]
        if random.random() < 0.9:
            batch[-1] = batch[-1]._replace(linked=False)
        self.drawn += batch
        return batch

    def _transfer(self, random: Random, at: int) -> Transfer:
        reservations = [t for t in self.drawn if t.phase is Phase.RESERVE]
        chance = random.random()
        if chance < 0.3 and reservations:
            transfer = self._end(random, random.choice(reservations[-6:]), at)
        elif chance < 0.4 and self.drawn:
            transfer = random.choice(self.drawn)
        else:
            transfer = self._beginning(random, at)
        if random.random() < 0.3:
            field = random.choice(list(MISTAKES))
            transfer = transfer._replace(**{field: random.choice(MISTAKES[field])})
        return transfer

    def _name(self, random: Random, at: int) -> bytes:
        self._count += 1
        late = random.random() < 0.02
        return transfer_id(at + 1 if late else at - random.randrange(20), b"%d" % self._count)

    def _beginning(self, random: Random, at: int) -> Transfer:
        debit, credit, asset, code, phase = random.choice(SENSIBLE)
        expires = random.choice((0, at, at + 2, at + 9)) if phase is Phase.RESERVE else 0
        amount = random.choice((1, 10, 100, 1000))
        return Transfer(
            self._name(random, at), debit, credit, amount, asset, code, phase, expires=expires
        )

    def _end(self, random: Random, reservation: Transfer, at: int) -> Transfer:
        name = self._name(random, at)
        if random.random() < 0.4:
            return void(name, reservation)
        whole = reservation.amount
        share = random.choice((whole, whole, whole + 1, whole // 2 or 1))
        return post(name, reservation, share)
