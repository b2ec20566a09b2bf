"""Whatever happens: the ledger says and does what the naive one does, and its audit finds nothing.

Restarts from its rows and forgetting old transfers change nothing that anybody can see.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.audit import audit
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.outcomes import AccountOutcome
from settlement_node.ledger.rows import Logged, Standing, transfer_of
from settlement_node.ledger.transfers import Phase, Transfer, from_bytes, to_bytes, transfer_id
from tests.node.ledger.naive_ledger import NaiveAccount, NaiveLedger
from tests.node.ledger.row_shelf import DENOMINATIONS, RowShelf

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

# What mostly makes sense, so that the books get going.
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
amounts = st.integers(1, 60) | st.sampled_from([0, -1, 2**61, 2**62 - 1, 2**62])
moments = st.integers(0, 40)
ids = st.builds(lambda at, n: transfer_id(at, bytes([n])), moments, st.integers(0, 30))
references = st.sampled_from([b"", b"", b"", b"about", b"x" * 64, b"x" * 65])


@st.composite
def beginnings(draw: st.DrawFn) -> Transfer:
    debit, credit, asset, code, phase = draw(st.sampled_from(SENSIBLE))
    expires = draw(st.sampled_from([0, 0, 5, 15, 25, 60])) if phase is Phase.RESERVE else 0
    return Transfer(
        draw(ids), debit, credit, draw(amounts), asset, code, phase, b"", expires, draw(references)
    )


wild = st.builds(
    Transfer,
    ids | st.binary(max_size=17),
    st.integers(0, 9),
    st.integers(0, 9),
    amounts,
    st.sampled_from(Asset),
    st.sampled_from(Code),
    st.sampled_from(Phase),
    st.just(b"") | ids,
    st.sampled_from([0, 0, 30, -1, 2**48]),
    references,
)


class Machine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.ledger = Ledger(DENOMINATIONS)
        self.naive = NaiveLedger()
        self.shelf = RowShelf()
        self.logged = Logged(0, 1)
        self.said: list[Transfer] = []
        for number, name in enumerate(NAMES, 1):
            assert self.ledger.open(name) == number
            self.naive.accounts[number] = NaiveAccount(name.kind)

    @rule(data=st.data(), later=st.integers(0, 4))
    def apply(self, data: st.DataObject, later: int) -> None:
        self.logged = Logged(self.logged.entry + 1, self.logged.at + later)
        batch = data.draw(st.lists(self.transfers(), min_size=1, max_size=6))
        batch = [t._replace(linked=data.draw(st.integers(0, 3)) == 0) for t in batch]
        if data.draw(st.integers(0, 9)):
            batch[-1] = batch[-1]._replace(linked=False)
        asked = self.ledger.unremembered(batch)
        self.shelf.recall_into(self.ledger, asked)
        outcomes = self.ledger.apply(batch, self.logged)
        assert [outcome.name for outcome in outcomes] == self.naive.apply(batch, self.logged.at)
        self.said += batch
        self.shelf.write(self.ledger.take_changes())

    def transfers(self) -> st.SearchStrategy[Transfer]:
        kinds = [beginnings(), beginnings(), wild]
        reservations = [t for t in self.said if t.phase is Phase.RESERVE]
        if self.said:
            kinds.append(st.sampled_from(self.said))
        if reservations:
            kinds += [
                st.builds(
                    lambda reservation, name, amount, phase: reservation._replace(
                        id=name,
                        amount=reservation.amount if phase is Phase.VOID else amount,
                        phase=phase,
                        reserved_by=reservation.id,
                        expires=0,
                    ),
                    st.sampled_from(reservations),
                    ids,
                    amounts,
                    st.sampled_from([Phase.POST, Phase.VOID]),
                )
            ] * 3
        return st.one_of(kinds)

    @rule(number=st.integers(1, 8))
    def close(self, number: int) -> None:
        held = self.naive.balance(number)
        said = self.ledger.close(NAMES[number - 1])
        if held.debits_pending or held.credits_pending:
            assert said is AccountOutcome.STILL_RESERVED
        elif held.posted:
            assert said is AccountOutcome.STILL_HOLDS
        else:
            assert said in {AccountOutcome.DONE, AccountOutcome.ALREADY_SO}
            self.naive.accounts[number].closed = True

    @rule(number=st.integers(1, 8))
    def reopen(self, number: int) -> None:
        was = self.naive.accounts[number].closed
        said = self.ledger.reopen(NAMES[number - 1])
        assert said is (AccountOutcome.DONE if was else AccountOutcome.ALREADY_SO)
        self.naive.accounts[number].closed = False

    @rule(number=st.sampled_from([BANK, ADA, BOB, ROOF]), limit=st.integers(-20, 90))
    def set_limit(self, number: int, limit: int) -> None:
        assert self.ledger.set_limit(NAMES[number - 1], limit) in {
            AccountOutcome.DONE,
            AccountOutcome.ALREADY_SO,
        }
        self.naive.accounts[number].limit = limit

    @rule()
    def restart(self) -> None:
        self.shelf.write(self.ledger.take_changes())
        self.ledger = self.shelf.load(self.logged)

    @rule(before=moments)
    def forget(self, before: int) -> None:
        self.ledger.forget(before)

    @invariant()
    def balances_are_the_same(self) -> None:
        for number, name in enumerate(NAMES, 1):
            assert self.ledger.balance(name) == self.naive.balance(number)

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert audit(self.ledger, self.shelf.transfers.values()) == ()

    @invariant()
    def history_ends_in_the_balances(self) -> None:
        for number, name in enumerate(NAMES, 1):
            rows = sorted(row for row in self.shelf.history.values() if row.account == number)
            for row in rows[-1:]:
                held = self.ledger.balance(name)
                assert row[4:] == (
                    held.debits_pending,
                    held.debits_posted,
                    held.credits_pending,
                    held.credits_posted,
                )

    def teardown(self) -> None:
        booked = [
            transfer
            for standing, transfer in map(transfer_of, self.shelf.transfers.values())
            if standing is not Standing.REFUSED and transfer is not None
        ]
        assert from_bytes(to_bytes(booked)) == tuple(booked)


Machine.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
test_ledger_and_naive_ledger_agree = Machine.TestCase
