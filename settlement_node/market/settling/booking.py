"""The transfers of a settled interval and of corrections: at most three a member."""

from collections.abc import Iterable, Iterator
from typing import Final

from depin_protocol.encoding import from_text
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.settlement.interval import Accounts
from depin_protocol.settlement.settled_member import SettledMember
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.reservations import interval_reference
from settlement_node.ledger.transfers import Transfer, transfer_id

_COLLECTED: Final = (
    (Code.BALANCING, AccountKind.BALANCING, "balancing"),
    (Code.GRID_FEES, AccountKind.GRID_FEES, "grid_fees"),
    (Code.LEVIES, AccountKind.LEVIES, "levies"),
    (Code.COOP_FEE, AccountKind.COOP_FEE, "coop_fee"),
    (Code.VAT, AccountKind.VAT, "vat"),
    (Code.CONGESTION_RENT, AccountKind.CONGESTION_RENT, "congestion_rent"),
    (Code.MECHANISM_SURPLUS, AccountKind.MECHANISM_SURPLUS, "mechanism_surplus"),
)


class Booking:
    """Makes transfers about one market's interval, as a decision at a time wants them."""

    def __init__(self, ledger: Ledger, market: str, start: int, index: int, at: int) -> None:
        """Book what the entry of this index decides."""
        self._ledger = ledger
        self._about = interval_reference(market, start)
        self._index = index.to_bytes(8)
        self._at = at

    def settled(self, members: Iterable[SettledMember], accounts: Accounts) -> Iterator[Transfer]:
        """Book a settled interval; its clearing account is at zero before and after."""
        clearing = self._of(AccountKind.INTERVAL_CLEARING)
        pool = self._of(AccountKind.CERTIFICATE_POOL)
        issued = self._of(AccountKind.ISSUED_CERTIFICATES)
        settled = list(members)
        held = sum(one.traded.held for one in settled)
        reservations = self._of(AccountKind.RESERVATIONS)
        yield from self._money(Code.CLEARED_RESERVATION, reservations, clearing, held)
        retired = 0
        for one in settled:
            owner = from_text(one.member, ID_LENGTH)
            money = self._of(AccountKind.MEMBER_MONEY, owner)
            due = one.owes - one.traded.held
            if due > 0:
                yield from self._money(Code.SETTLEMENT_DUE, money, clearing, due, owner)
            else:
                yield from self._money(Code.SETTLEMENT_PAID, clearing, money, -due, owner)
            passed = one.lines.certificates
            out = passed.passed + passed.retired_at_home
            retired += out
            if passed.issued or out:
                certificates = self._of(AccountKind.MEMBER_CERTIFICATES, owner)
                yield from self._certificates(
                    Code.CERTIFICATES_ISSUED, issued, certificates, passed.issued, owner
                )
                yield from self._certificates(
                    Code.CERTIFICATES_INTO_POOL, certificates, pool, out, owner
                )
        for code, kind, name in _COLLECTED:
            yield from self._money(code, clearing, self._of(kind), getattr(accounts, name))
        rounding = self._of(AccountKind.ROUNDING)
        yield from self._money(Code.ROUNDING, rounding, clearing, -accounts.rounding)
        yield from self._certificates(
            Code.CERTIFICATES_RETIRED, pool, self._of(AccountKind.RETIRED_CERTIFICATES), retired
        )

    def corrected(self, before: SettledMember, after: SettledMember) -> Iterator[Transfer]:
        """Book what a correction changes: the member's money against `balancing`."""
        owner = from_text(after.member, ID_LENGTH)
        money = self._of(AccountKind.MEMBER_MONEY, owner)
        balancing = self._of(AccountKind.BALANCING)
        clearing = self._of(AccountKind.INTERVAL_CLEARING)
        due = after.owes - before.owes
        payer, paid = (money, balancing) if due > 0 else (balancing, money)
        yield from self._money(Code.CORRECTION_DUE, payer, clearing, abs(due), owner)
        yield from self._money(Code.CORRECTION_PAID, clearing, paid, abs(due), owner)
        certificates = self._of(AccountKind.MEMBER_CERTIFICATES, owner)
        issued = self._of(AccountKind.ISSUED_CERTIFICATES)
        retired = self._of(AccountKind.RETIRED_CERTIFICATES)
        old, new = before.lines.certificates, after.lines.certificates
        more = new.issued - old.issued
        if more > 0:
            yield from self._certificates(
                Code.CERTIFICATES_ISSUED, issued, certificates, more, owner
            )
        used = new.retired_at_home - old.retired_at_home
        if used > 0:
            yield from self._certificates(
                Code.CERTIFICATES_RETIRED, certificates, retired, used, owner
            )
        else:
            yield from self._certificates(
                Code.CERTIFICATES_REVIVED, retired, certificates, -used, owner
            )
        if more < 0:
            yield from self._certificates(
                Code.CERTIFICATES_WITHDRAWN, certificates, issued, -more, owner
            )

    def _of(self, kind: AccountKind, owner: bytes = b"") -> int:
        name = AccountName(kind, owner)
        if owner and self._ledger.is_closed(name):
            # Who has left still owes, or is owed, what its meter says.
            self._ledger.reopen(name)
        return self._ledger.open(name)

    def _money(
        self, code: Code, debit: int, credit: int, amount: int, owner: bytes = b""
    ) -> Iterator[Transfer]:
        yield from self._transfer(code, debit, credit, amount, Asset.CURRENCY, owner)

    def _certificates(
        self, code: Code, debit: int, credit: int, amount: int, owner: bytes = b""
    ) -> Iterator[Transfer]:
        yield from self._transfer(code, debit, credit, amount, Asset.CERTIFICATE, owner)

    def _transfer(  # noqa: PLR0913, PLR0917 - a transfer has so many parts
        self, code: Code, debit: int, credit: int, amount: int, asset: Asset, owner: bytes
    ) -> Iterator[Transfer]:
        if amount:
            name = transfer_id(self._at, b"settled", self._index, self._about, bytes([code]), owner)
            yield Transfer(name, debit, credit, amount, asset, code, reference=self._about)
