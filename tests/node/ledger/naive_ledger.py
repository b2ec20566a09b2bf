"""The transfer rules a second time, as slowly and plainly as can be: to differ from the first.

It keeps no balance. Whoever asks for one gets the sum over all that ever happened, and a chain is
tried on a copy of everything.
"""

from copy import deepcopy
from dataclasses import dataclass, field

from settlement_node.ledger.accounts import KIND_RULES, AccountKind, Balance, Bound
from settlement_node.ledger.codes import MOVES
from settlement_node.ledger.transfers import Phase, Transfer

LIMIT = 1 << 62


@dataclass
class NaiveAccount:
    kind: AccountKind
    limit: int = 0
    closed: bool = False


@dataclass
class NaiveLedger:
    """All that happened, in order: transfers, and ids of reservations that expired."""

    accounts: dict[int, NaiveAccount] = field(default_factory=dict)
    happened: list[Transfer | bytes] = field(default_factory=list)
    burnt: set[bytes] = field(default_factory=set)

    def balance(self, number: int) -> Balance:
        debits_pending = debits_posted = credits_pending = credits_posted = 0
        for event in self.happened:
            transfer = self.find(event) if isinstance(event, bytes) else event
            assert transfer is not None
            begins = transfer is event and transfer.phase == Phase.RESERVE
            moves = transfer.phase in {Phase.AT_ONCE, Phase.POST}
            if isinstance(event, bytes):
                released = transfer.amount
            elif transfer.phase in {Phase.POST, Phase.VOID}:
                reservation = self.find(transfer.reserved_by)
                assert reservation is not None
                released = reservation.amount
            else:
                released = 0
            pending = (transfer.amount if begins else 0) - released
            posted = transfer.amount if moves else 0
            if transfer.debit == number:
                debits_pending += pending
                debits_posted += posted
            if transfer.credit == number:
                credits_pending += pending
                credits_posted += posted
        return Balance(debits_pending, debits_posted, credits_pending, credits_posted)

    def find(self, name: bytes) -> Transfer | None:
        for event in self.happened:
            if not isinstance(event, bytes) and event.id == name:
                return event
        return None

    def fate(self, name: bytes) -> str:
        for event in self.happened:
            if event == name:
                return "EXPIRED"
            if not isinstance(event, bytes) and event.reserved_by == name:
                return "ALREADY_POSTED" if event.phase == Phase.POST else "ALREADY_VOIDED"
        return "STANDS"

    def apply(self, transfers: list[Transfer], at: int) -> list[str]:
        due = [
            event
            for event in self.happened
            if not isinstance(event, bytes)
            and event.phase == Phase.RESERVE
            and 0 < event.expires <= at
            and self.fate(event.id) == "STANDS"
        ]
        self.happened += [event.id for event in sorted(due, key=lambda e: (e.expires, e.id))]
        outcomes: list[str] = []
        chain: list[Transfer] = []
        for transfer in transfers:
            chain.append(transfer)
            if not transfer.linked:
                outcomes += self._all_or_none(chain, at)
                chain = []
        if chain:
            outcomes += self._all_or_none(chain, at)
        return outcomes

    def _all_or_none(self, chain: list[Transfer], at: int) -> list[str]:
        trial = deepcopy(self)
        for place, transfer in enumerate(chain):
            is_open = transfer.linked and place == len(chain) - 1
            said = "CHAIN_OPEN" if is_open else trial.one(transfer, at)
            if said == "CREATED":
                trial.happened.append(transfer)
                continue
            if said in {
                "DEBIT_ACCOUNT_NOT_FOUND",
                "CREDIT_ACCOUNT_NOT_FOUND",
                "RESERVATION_NOT_FOUND",
                "DEBIT_ACCOUNT_CLOSED",
                "CREDIT_ACCOUNT_CLOSED",
                "DEBITS_OVERFLOW",
                "CREDITS_OVERFLOW",
                "EXCEEDS_CREDITS",
                "EXCEEDS_DEBITS",
                "EXPIRED_ALREADY",
            }:
                self.burnt.add(transfer.id)
            outcomes = ["LINKED_FAILED"] * len(chain)
            if chain[-1].linked:
                outcomes[-1] = "CHAIN_OPEN"
            outcomes[place] = said
            return outcomes
        self.happened = trial.happened
        return ["CREATED"] * len(chain)

    def one(self, new: Transfer, at: int) -> str:  # noqa: C901, PLR0911, PLR0912 - one list
        if len(new.id) != 16:
            return "ID_MALFORMED"
        if int.from_bytes(new.id[:6], "big") > at:
            return "ID_AHEAD_OF_TIME"
        old = self.find(new.id)
        if old is not None:
            for title, before, now in (
                ("PHASE", old.phase, new.phase),
                ("RESERVATION", old.reserved_by, new.reserved_by),
                ("EXPIRY", old.expires, new.expires),
                ("DEBIT_ACCOUNT", old.debit, new.debit),
                ("CREDIT_ACCOUNT", old.credit, new.credit),
                ("AMOUNT", old.amount, new.amount),
                ("REFERENCE", old.reference, new.reference),
                ("ASSET", old.asset, new.asset),
                ("CODE", old.code, new.code),
                ("LINK", old.linked, new.linked),
            ):
                if before != now:
                    return f"EXISTS_WITH_DIFFERENT_{title}"
            return "EXISTS"
        if new.id in self.burnt:
            return "ID_ALREADY_FAILED"
        if new.amount < 1 or new.amount > LIMIT - 1:
            return "AMOUNT_OUT_OF_BOUNDS"
        if len(new.reference) > 64:
            return "REFERENCE_TOO_LONG"
        if new.phase in {Phase.POST, Phase.VOID}:
            return self._ending(new)
        if new.debit == new.credit:
            return "ACCOUNTS_EQUAL"
        if new.reserved_by != b"":
            return "RESERVATION_NAMED_WITHOUT_NEED"
        if new.expires != 0 and new.phase == Phase.AT_ONCE:
            return "EXPIRY_WITHOUT_RESERVATION"
        if not 0 <= new.expires < 1 << 48:
            return "EXPIRY_OUT_OF_BOUNDS"
        if new.debit not in self.accounts:
            return "DEBIT_ACCOUNT_NOT_FOUND"
        if new.credit not in self.accounts:
            return "CREDIT_ACCOUNT_NOT_FOUND"
        source, target = self.accounts[new.debit], self.accounts[new.credit]
        if {KIND_RULES[source.kind].asset, KIND_RULES[target.kind].asset} != {new.asset}:
            return "ASSET_OF_ACCOUNTS_DIFFERS"
        if (source.kind, target.kind) not in MOVES[new.code]:
            return "CODE_DOES_NOT_FIT"
        wants_reserving = new.code.name in {
            "PAYOUT",
            "ORDER_RESERVATION",
            "TREASURY_GRANT",
            "TOKEN_PAYOUT",
        }
        if wants_reserving != (new.phase == Phase.RESERVE):
            return "PHASE_DOES_NOT_FIT"
        if source.closed:
            return "DEBIT_ACCOUNT_CLOSED"
        if target.closed:
            return "CREDIT_ACCOUNT_CLOSED"
        if new.expires and at >= new.expires:
            return "EXPIRED_ALREADY"
        paying, paid = self.balance(new.debit), self.balance(new.credit)
        debits = paying.debits_pending + paying.debits_posted + new.amount
        credits_ = paid.credits_pending + paid.credits_posted + new.amount
        if debits > LIMIT - 1:
            return "DEBITS_OVERFLOW"
        if credits_ > LIMIT - 1:
            return "CREDITS_OVERFLOW"
        reserves = new.phase == Phase.RESERVE
        binding = {Bound.EVERYTHING, Bound.RESERVATIONS} if reserves else {Bound.EVERYTHING}
        left = paying.credits_posted - debits + source.limit
        if KIND_RULES[source.kind].debits in binding and left < 0:
            return "EXCEEDS_CREDITS"
        left = paid.debits_posted - credits_ + target.limit
        if KIND_RULES[target.kind].credits in binding and left < 0:
            return "EXCEEDS_DEBITS"
        return "CREATED"

    def _ending(self, new: Transfer) -> str:  # noqa: C901, PLR0911 - one list
        if len(new.reserved_by) != 16 or new.reserved_by == new.id:
            return "RESERVATION_NOT_NAMED"
        if new.expires != 0:
            return "EXPIRY_WITHOUT_RESERVATION"
        reservation = self.find(new.reserved_by)
        if reservation is None:
            return "RESERVATION_NOT_FOUND"
        if reservation.phase != Phase.RESERVE:
            return "NOT_A_RESERVATION"
        if new.debit != reservation.debit:
            return "RESERVATION_HAS_DIFFERENT_DEBIT_ACCOUNT"
        if new.credit != reservation.credit:
            return "RESERVATION_HAS_DIFFERENT_CREDIT_ACCOUNT"
        if new.asset != reservation.asset:
            return "RESERVATION_HAS_DIFFERENT_ASSET"
        if new.code != reservation.code:
            return "RESERVATION_HAS_DIFFERENT_CODE"
        if new.amount > reservation.amount:
            return "EXCEEDS_RESERVATION"
        if new.phase == Phase.VOID and new.amount != reservation.amount:
            return "RESERVATION_HAS_DIFFERENT_AMOUNT"
        fate = self.fate(new.reserved_by)
        if fate == "STANDS":
            return "CREATED"
        return f"RESERVATION_{fate}"
