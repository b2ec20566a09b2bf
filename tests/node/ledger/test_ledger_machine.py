"""Whatever happens: the ledger says and does what the naive one does, and its audit finds nothing.

Restarts from its rows and forgetting old transfers change nothing that anybody can see.
"""

from collections import Counter
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from depin_protocol.encoding import decode_json, encode_json
from settlement_node.ledger.audit import audit
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.lines import transfer_in, transfer_line
from settlement_node.ledger.outcomes import AccountOutcome, Outcome
from settlement_node.ledger.rows import Logged, transfer_of
from settlement_node.ledger.transfers import ids_in
from tests.node.ledger.drawn_transfers import ADA, BANK, BOB, NAMES, ROOF, START, Drawer
from tests.node.ledger.naive_ledger import NaiveAccount, NaiveLedger
from tests.node.ledger.row_shelf import DENOMINATIONS, RowShelf

WORLDS = 100
BATCHES = 40


class Pair:
    """The ledger with its rows on one side, the naive ledger on the other."""

    def __init__(self) -> None:
        self.ledger = Ledger(DENOMINATIONS)
        self.naive = NaiveLedger()
        self.shelf = RowShelf()
        self.logged = Logged(0, START)
        self.drawer = Drawer()
        self.seen: Counter[Outcome] = Counter()
        for number, name in enumerate(NAMES, 1):
            assert self.ledger.open(name) == number
            self.naive.accounts[number] = NaiveAccount(name.kind)

    def apply(self, random: Random) -> None:
        self.logged = Logged(self.logged.entry + 1, self.logged.at + random.randrange(3))
        batch = self.drawer.batch(random, self.logged.at)
        self.shelf.recall_into(self.ledger, self.ledger.lacks(ids_in(batch)))
        outcomes = self.ledger.apply(batch, self.logged)
        assert [outcome.name for outcome in outcomes] == self.naive.apply(batch, self.logged.at)
        self.seen.update(outcomes)
        self.shelf.write(self.ledger.take_changes())

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

    def reopen(self, number: int) -> None:
        was = self.naive.accounts[number].closed
        said = self.ledger.reopen(NAMES[number - 1])
        assert said is (AccountOutcome.DONE if was else AccountOutcome.ALREADY_SO)
        self.naive.accounts[number].closed = False

    def set_limit(self, number: int, limit: int) -> None:
        said = self.ledger.set_limit(NAMES[number - 1], limit)
        assert said in {AccountOutcome.DONE, AccountOutcome.ALREADY_SO}
        self.naive.accounts[number].limit = limit

    def restart(self) -> None:
        self.shelf.write(self.ledger.take_changes())
        self.ledger = self.shelf.load(self.logged)

    def check(self) -> None:
        for number, name in enumerate(NAMES, 1):
            assert self.ledger.balance(name) == self.naive.balance(number)
        assert audit(self.ledger, self.shelf.transfers.values()) == ()
        self.history_ends_in_the_balances()

    def history_ends_in_the_balances(self) -> None:
        for number, name in enumerate(NAMES, 1):
            rows = [row for row in self.shelf.history.values() if row.account == number]
            if rows:
                held = self.ledger.balance(name)
                assert max(rows)[4:] == (
                    held.debits_pending,
                    held.debits_posted,
                    held.credits_pending,
                    held.credits_posted,
                )


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()

    @rule(random=st.randoms(use_true_random=False))
    def apply(self, random: Random) -> None:
        self.pair.apply(random)

    @rule(random=st.randoms(use_true_random=False))
    def apply_more(self, random: Random) -> None:
        for _ in range(3):
            self.pair.apply(random)

    @rule(number=st.integers(1, len(NAMES)))
    def close(self, number: int) -> None:
        self.pair.close(number)

    @rule()
    def reopen(self) -> None:
        for number in range(1, len(NAMES) + 1):
            self.pair.reopen(number)

    @rule(number=st.sampled_from([BANK, ADA, BOB, ROOF]), limit=st.integers(-20, 90))
    def set_limit(self, number: int, limit: int) -> None:
        self.pair.set_limit(number, limit)

    @rule()
    def restart(self) -> None:
        self.pair.restart()

    @rule(ago=st.integers(0, 30))
    def forget(self, ago: int) -> None:
        self.pair.ledger.forget(self.pair.logged.at - ago)

    @invariant()
    def nothing_is_wrong(self) -> None:
        self.pair.check()


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
test_ledger_and_naive_ledger_agree = Machine.TestCase


def test_they_agree_on_every_outcome_that_there_is() -> None:
    seen: Counter[Outcome] = Counter()
    for world in range(WORLDS):
        random = Random(world)
        pair = Pair()
        for _ in range(BATCHES):
            pair.apply(random)
            match random.randrange(12):
                case 0:
                    pair.close(random.randrange(1, 9))
                case 1:
                    for number in range(1, 9):
                        pair.reopen(number)
                case 2:
                    pair.set_limit(random.choice((BANK, ADA, ROOF)), random.randrange(-5, 500))
                case 3:
                    pair.restart()
                case 4:
                    pair.ledger.forget(pair.logged.at - random.randrange(9))
        pair.check()
        seen += pair.seen
    assert set(Outcome) - set(seen) == set()
    assert seen[Outcome.CREATED] > WORLDS * BATCHES / 2


def test_what_a_line_carries_is_what_was_said() -> None:
    pair = Pair()
    for _ in range(BATCHES):
        pair.apply(Random(1))
    booked = [transfer for _, transfer in map(transfer_of, pair.shelf.transfers.values())]
    kept = [transfer for transfer in booked if transfer is not None]
    assert len(kept) > 1
    for transfer in kept:
        line = decode_json(encode_json(transfer_line(transfer)))
        assert transfer_in(line, pair.ledger) == transfer
