"""A village with money that trades: orders as homes say them, and what is decided on them."""

from collections.abc import Iterable, Sequence

from depin_protocol.log.entries import DecisionEntry, read_entry
from depin_protocol.statements.bodies import Body
from depin_protocol.statements.trading import Cancellation, Curve, Order, Side, StandingOrder, Step
from settlement_node.governance.objections import NO_EFFECT
from settlement_node.ledger.accounts import AccountKind, AccountName, Balance
from settlement_node.ledger.actions import OpenBankAccount, RecordDeposit
from settlement_node.log.entries import Decision, read_decision
from tests.node.ledger.till import CASH, money
from tests.node.market.metering_homes import device
from tests.node.village import Village
from tests.protocol.spoken import NOON, QUARTER, Home

MARKET = "street"
SOON = NOON + 4 * QUARTER
"""An interval whose gate is an hour away, less five minutes."""
GATE = 300_000
EURO = 10**9


def bid(start: int, *steps: Step) -> Curve:
    return Curve(start, "bid", steps)


def ask(start: int, *steps: Step) -> Curve:
    return Curve(start, "ask", steps)


def order(*curves: Curve, market: str = MARKET) -> Order:
    return Order(market, curves)


def standing(side: Side, *steps: Step, windows: Sequence[tuple[int, int]] = ()) -> StandingOrder:
    return StandingOrder(MARKET, side, steps, tuple(windows))


def cancel(*slots: tuple[int, Side], flexible: Iterable[str] = ()) -> Cancellation:
    return Cancellation(MARKET, slots, tuple(flexible))


class Stall:
    """A village whose homes have money."""

    def __init__(self, here: Village) -> None:
        self.here = here
        self.homes: list[Home] = []

    async def welcome(self, *deposits: int) -> list[Home]:
        """Let a home join for each deposit, in whole euros."""
        await self.here.act(OpenBankAccount(CASH))
        for number, deposit in enumerate(deposits, 2):
            home = Home(number)
            await self.here.welcome(home)
            await self.here.say(home.say("trading", device(home), self.here.clock()))
            if deposit:
                await self.here.act(RecordDeposit(home.member, CASH, deposit * EURO))
            self.homes.append(home)
        return self.homes

    async def say(self, home: Home, body: Body) -> str | None:
        """Say something; return the code if it has no effect."""
        before = self.here.coop.position.size
        await self.here.say(home.say("trading", body, self.here.clock()))
        for decision in await self.decisions(NO_EFFECT, before):
            if decision.result["statement"] == before:
                return str(decision.result["code"])
        return None

    async def until(self, moment: int) -> None:
        """Let time pass."""
        self.here.clock.now = moment
        await self.here.coop.tick()

    async def decisions(self, kind: str, since: int = 0) -> list[Decision]:
        """Return the decisions of a kind, in order."""
        found = []
        for index in range(since, self.here.coop.position.size):
            entry, body = await self.here.coop.entry(index), await self.here.coop.body(index)
            if entry is None:
                # It is decided, and on its way to the disk.
                break
            assert body is not None
            read = read_entry(entry)
            if isinstance(read, DecisionEntry) and read.kind == kind:
                found.append(read_decision(read, body))
        return found

    def balance(self, home: Home) -> Balance:
        """Return what a home's money account holds."""
        return self.here.coop.ledger.balance(money(home))

    def reserved(self) -> Balance:
        """Return what the account of reservations holds."""
        return self.here.coop.ledger.balance(AccountName(AccountKind.RESERVATIONS))


def lines_of(decision: Decision) -> dict[str, dict[str, object]]:
    """Return the members' lines by their names."""
    return {str(line["member"]): line for line in decision.lines if "member" in line}
