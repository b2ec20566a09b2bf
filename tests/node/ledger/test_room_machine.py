"""Whatever operators do with money, in whatever order: what always holds, holds after each entry.

Every asset sums to zero, reservations keep within limits, the log alone leads to the same rows
however it is cut into portions, and a ledger loaded from its rows is the one that never stopped.
"""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from depin_protocol.encoding import from_text
from depin_protocol.statements.envelope import Statement
from settlement_node.coop.coop import Coop
from settlement_node.governance.actions import Action, action_body
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.actions import (
    BookBankLines,
    CancelPayout,
    CloseAccount,
    IdentifyLine,
    OpenBalance,
    RecordDeposit,
    RecordFunds,
    RecordPayout,
    ReopenAccount,
    ReservePayout,
    ReturnMovement,
    SetLimit,
)
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.audit import audit
from settlement_node.ledger.bank.statement import BankLine
from settlement_node.ledger.codes import Code
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.tables import transfer_rows
from settlement_node.ledger.transfers import Phase, Transfer, transfer_id
from settlement_node.log import reading
from settlement_node.replay.rebuild import rebuild
from settlement_node.replay.verify import verify
from tests.node.ledger.till import CASH, IBAN, money, open_banks, reference, rows, transfers
from tests.node.village import DAY, Village, surroundings, village
from tests.protocol.spoken import NOON, Home

amounts = st.sampled_from([1, 2, 5, 30, 31, 100])
homes = st.integers(0, 1)
accounts = st.sampled_from([IBAN, CASH])
choices = st.integers(0, 5)
portions = st.sampled_from([1, 2, 3, 7, 40, 1000])


class Till(RuleBasedStateMachine):
    """What an operator can do with money."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        self.runner = asyncio.Runner()
        self.homes = [Home(2), Home(3)]
        self.orders = 0
        self.lines = 0
        self.held: list[Statement] | None = None

    def run(self, doing: Coroutine[object, object, object]) -> None:
        self.runner.run(doing)

    @initialize()
    def found(self) -> None:
        self.run(self._found())

    async def _found(self) -> None:
        self.village = village(self.folder)
        self.here: Village = await self.village.__aenter__()
        await open_banks(self.here)
        for home in self.homes:
            await self.here.welcome(home)

    async def _act(self, *told: Action) -> None:
        """Act, and look at the books."""
        for action in told:
            if self.held is None:
                await self.here.act(action)
            else:
                self.held.append(self._said(action))
        self._check()

    def _said(self, action: Action) -> Statement:
        body = action_body(action, "as agreed")
        return self.here.operator.say("trading", body, self.here.clock())

    @rule()
    def hold(self) -> None:
        """Hand in what follows as one group, once it is let go."""
        if self.held is None:
            self.held = []

    @rule()
    def let_go(self) -> None:
        self.run(self._let_go())

    async def _let_go(self) -> None:
        held, self.held = self.held, None
        if held:
            await self.here.say(*held)
        self._check()

    def _check(self) -> None:
        assert audit(self.here.coop.ledger) == ()

    @rule(home=homes, account=accounts, amount=amounts)
    def deposit(self, home: int, account: str, amount: int) -> None:
        self.run(self._act(RecordDeposit(self.homes[home].member, account, amount)))

    @rule(home=homes, account=accounts, amount=amounts, cash=st.booleans())
    def pay(self, home: int, account: str, amount: int, *, cash: bool) -> None:
        kind = RecordPayout if cash else ReservePayout
        # What is overdue is released now, and does not mix with what follows.
        self.run(self.here.coop.tick())
        ledger = self.here.coop.ledger
        name = money(self.homes[home])
        before = ledger.balance(name)
        self.run(self._act(kind(self.homes[home].member, account, amount)))
        # All of a chain or nothing: what was handed out was reserved and posted, and nothing waits.
        taken = before.available - ledger.balance(name).available
        assert taken in {0, amount}
        assert taken <= max(0, before.available)
        assert not cash or ledger.balance(name).debits_pending == before.debits_pending

    @rule(home=homes, amount=amounts)
    def pay_until_midnight(self, home: int, amount: int) -> None:
        self.run(self._act(ReservePayout(self.homes[home].member, IBAN, amount, self._midnight())))

    @rule(home=homes, early=st.sampled_from([0, 1, 60_000]))
    def night_falls(self, home: int, early: int) -> None:
        """Let the day's first entry come at midnight, or its last one just before."""
        self.run(self._let_go())
        self.here.clock.now = max(self.here.clock.now, self._midnight() - early)
        self.run(self._act(SetLimit(self.homes[home].member, self.here.clock.now % 100)))

    def _midnight(self) -> int:
        return (self.here.clock.now // DAY + 1) * DAY

    @rule(home=homes, amount=amounts, days=st.integers(1, 10))
    def pay_in_time(self, home: int, amount: int, days: int) -> None:
        expires = self.here.clock() + days * DAY
        self.run(self._act(ReservePayout(self.homes[home].member, IBAN, amount, expires)))

    @rule(
        told=st.lists(
            st.tuples(homes, amounts, st.booleans(), st.sampled_from(["", "A", "B"])),
            min_size=1,
            max_size=4,
        ),
        returned=st.booleans(),
    )
    def bank(self, told: list[tuple[int, int, bool, str]], *, returned: bool) -> None:
        lines = tuple(
            BankLine(
                amount if comes else -amount,
                NOON,
                "",
                name,
                reference(self.homes[home]),
                "",
                returned,
            )
            for home, amount, comes, name in told
        )
        self.run(self._import(lines))

    async def _import(self, lines: tuple[BankLine, ...]) -> None:
        action = BookBankLines(IBAN, lines)
        await self._act(action)
        await self._let_go()
        before = await rows(self.here.store)
        await self._act(action)
        assert await rows(self.here.store) == before

    @rule(home=homes, comes=st.integers(0, 5), goes=st.integers(0, 5))
    def direct_debits(self, home: int, comes: int, goes: int) -> None:
        """Collect under one name again and again, and let the bank take some of it back."""
        for amount in [30] * comes + [-30] * goes:
            self.lines += 1
            line = BankLine(
                amount,
                NOON,
                f"{self.lines}",
                "RENT",
                reference(self.homes[home]) if amount > 0 else "",
                "",
                returned=amount < 0,
            )
            self.run(self._act(BookBankLines(IBAN, (line,))))

    @rule(choice=choices, home=st.one_of(st.none(), homes))
    def identify(self, choice: int, home: int | None) -> None:
        member = None if home is None else self.homes[home].member
        self.run(self._about({Code.UNMATCHED_IN, Code.UNMATCHED_OUT}, choice, member))

    async def _about(self, codes: set[Code], choice: int, member: str | None) -> None:
        found = await self._of(codes)
        if found:
            await self._act(IdentifyLine(found[choice % len(found)], member))

    @rule(choice=choices)
    def bring_back(self, choice: int) -> None:
        self.run(self._bring_back(choice))

    async def _bring_back(self, choice: int) -> None:
        found = await self._of({Code.DEPOSIT, Code.PAYOUT})
        if found:
            name = found[choice % len(found)]
            await self._act(ReturnMovement(name), ReturnMovement(name), CancelPayout(name))

    async def _of(self, codes: set[Code]) -> list[bytes]:
        found = await transfers(self.here.store)
        return [from_text(name, 16) for name, one in sorted(found.items()) if one.code in codes]

    @rule(home=homes, amount=amounts, limit=st.booleans())
    def open_or_limit(self, home: int, amount: int, *, limit: bool) -> None:
        member = self.homes[home].member
        action = SetLimit(member, amount) if limit else OpenBalance(amount, member=member)
        self.run(self._act(action))

    @rule(amount=amounts, comes=st.booleans())
    def funds(self, amount: int, *, comes: bool) -> None:
        self.run(self._act(RecordFunds(CASH, amount if comes else -amount)))

    @rule(home=homes)
    def close_and_reopen(self, home: int) -> None:
        member = self.homes[home].member
        self.run(self._act(CloseAccount(member), ReopenAccount(member)))

    @rule(home=homes, amount=amounts)
    def order(self, home: int, amount: int) -> None:
        """Ask what an order would come to: limits bind it, and asking alters nothing."""
        ledger = self.here.coop.ledger
        name = money(self.homes[home])
        account = ledger.number(name)
        assert account is not None
        self.orders += 1
        at = self.here.coop.position.at
        reservation = Transfer(
            transfer_id(at, b"order", b"%d" % self.orders),
            account,
            ledger.open(AccountName(AccountKind.RESERVATIONS)),
            amount,
            Asset.CURRENCY,
            Code.ORDER_RESERVATION,
            Phase.RESERVE,
        )
        ledger.recall([reservation.id], [])
        before = list(ledger.accounts())
        (outcome,) = ledger.would([reservation], at)
        assert list(ledger.accounts()) == before
        fits = amount <= ledger.balance(name).available + ledger.limit(name)
        assert outcome is (Outcome.CREATED if fits else Outcome.EXCEEDS_CREDITS)

    @rule(days=st.integers(0, 20))
    def wait(self, days: int) -> None:
        self.here.clock.now += days * DAY

    @rule(rebuilding=st.booleans(), portion=portions)
    def start_again(self, *, rebuilding: bool, portion: int) -> None:
        self.run(self._start_again(rebuilding=rebuilding, portion=portion))

    async def _start_again(self, *, rebuilding: bool, portion: int) -> None:
        await self._let_go()
        # What has fallen due meanwhile would else be decided after the start alone.
        await self.here.coop.tick()
        await self.here.coop.close()
        live = self.here.coop.ledger
        assert audit(live, await transfer_rows(self.here.store)) == ()
        before = await rows(self.here.store)
        with patch.object(reading, "ROWS_AT_ONCE", portion):
            found = await verify(self.here.store)
            if rebuilding:
                assert await rebuild(self.here.store) == found.entries
                assert await rows(self.here.store) == before
        self.here.coop = await Coop.open(self.here.store, surroundings(self.here.clock))
        await self.here.coop.start()
        loaded = self.here.coop.ledger
        assert list(loaded.accounts()) == list(live.accounts())
        assert set(loaded.reservations()) == set(live.reservations())

    def teardown(self) -> None:
        self.run(self._end())
        self.runner.close()
        rmtree(self.folder)

    async def _end(self) -> None:
        await self._start_again(rebuilding=True, portion=7)
        await self.village.__aexit__(None, None, None)


TestTill = pytest.mark.long(Till.TestCase)
TestTill.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
