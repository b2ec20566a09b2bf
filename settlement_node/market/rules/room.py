"""The rules of the co-op's markets as one of the rooms that it consists of."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from depin_protocol.encoding import EncodingError
from depin_protocol.events import EventKind
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.rules.member_terms import MemberTerms
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.fields import BodyError
from depin_protocol.statements.membership import OperatorAction
from depin_protocol.statements.money import Tariff
from depin_protocol.statements.timing import Deadlines
from depin_protocol.statements.trading import FlexibleOrder, Order
from settlement_node.governance.arriving import JOINED
from settlement_node.governance.community import Community
from settlement_node.governance.facts import GENESIS
from settlement_node.governance.member import Standing
from settlement_node.governance.objections import ObjectedError, no_effect
from settlement_node.intake.said import Effects, Said, Telling
from settlement_node.ledger.room import LedgerRoom
from settlement_node.log.entries import Decision, DecisionError
from settlement_node.market.rules.acting import (
    KINDS,
    MARKET_SET,
    TakesPart,
    decided,
    market_named,
)
from settlement_node.market.rules.actions import ACTIONS, read_action
from settlement_node.market.rules.effects import applied
from settlement_node.market.rules.market import Market, NoRulesError, first_start
from settlement_node.market.rules.rulebook import Rulebook
from settlement_node.market.rules.tables import TABLES
from settlement_node.store.port import View
from settlement_node.store.tables import Change, Row, Table


class RulesRoom:
    """What holds when: others ask it for an interval, and it never answers otherwise later."""

    kinds: Final = KINDS
    actions: Final = frozenset(ACTIONS)
    tables: Final[tuple[Table, ...]] = TABLES

    def __init__(self, community: Community, ledger: LedgerRoom, takes_part: TakesPart) -> None:
        """Keep the rules of this community's markets."""
        self._community = community
        self._ledger = ledger
        self._takes_part = takes_part
        self._rulebook = Rulebook()

    def markets(self) -> Iterable[str]:
        """Name every market, the first one first."""
        return self._rulebook.markets

    def at(self, market: str, start: int) -> MarketRules:
        """Return what holds in an interval; KeyError or NoRulesError where there is none."""
        return self._rulebook.markets[market].at(start)

    def grid(self, market: str) -> Market:
        """Return a market's versions, and the grid of its intervals."""
        return self._rulebook.markets[market]

    def terms(self, member: str, market: str, start: int) -> MemberTerms:
        """Return a member's own terms in an interval."""
        return self._rulebook.terms(member, market, start)

    def deadlines(self, statement: Statement) -> Deadlines:
        """Return until when a statement can have an effect: its market's, its interval's."""
        match statement.body:
            case Order(market=market, curves=curves):
                return self._deadlines(market, curves[-1].start)
            case FlexibleOrder(market=market, end=end):
                return self._deadlines(market, end - 1)
        instant = statement.header.issued_at
        every = (self._deadlines(market, instant) for market in self._rulebook.markets)
        return max(every, key=lambda one: one.correction)

    async def load(self, view: View) -> None:
        """Take the state from its rows."""
        if self._community.founded:
            await self._rulebook.load(view, self._community.facts.market)

    def state_rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of the state as it stands."""
        return self._rulebook.rows()

    def concerns(self, said: Said) -> bool:
        """Tell whether a sound statement is this room's to answer."""
        match said.statement.body:
            case Tariff():
                return True
            case OperatorAction(action=action):
                return action in self.actions
        return False

    def following(self, said: Said) -> list[Decision]:
        """Return the decision that a statement calls for: of a tariff that holds, none."""
        try:
            match said.statement.body:
                case Tariff(market=market):
                    market_named(self._rulebook, market)
                case OperatorAction() as body if body.action in self.actions:
                    action = read_action(body)
                    return [
                        decided(said, action, self._rulebook, self._community, self._takes_part)
                    ]
        except (BodyError, EncodingError) as error:
            return [no_effect(said, "parameters-invalid", str(error))]
        except ObjectedError as objected:
            return [no_effect(said, objected.code, objected.detail)]
        return []

    def take(self, said: Said) -> tuple[Change, ...]:
        """Take a tariff in."""
        body = said.statement.body
        if not isinstance(body, Tariff):
            return ()
        member = said.statement.header.member
        return (self._rulebook.tell_tariff(member, body, said.at),)

    def overdue(self, at: int) -> Decision | None:  # noqa: ARG002
        """Return the next decision that the time calls for: none."""
        return None

    @property
    def due_at(self) -> int | None:
        """When a decision should not wait for an entry: never."""
        return None

    def check_free(self, decision: Decision, at: int) -> None:
        """Check a decision that nothing in the log called for, or raise a DecisionError."""
        raise DecisionError(f"nothing that precedes {at} calls for the decision {decision.kind}")

    def apply(self, decision: Decision, *, name: str, index: int, at: int) -> Effects:  # noqa: ARG002
        """Let a decision take effect."""
        change, member = applied(decision, self._rulebook, at)
        told = self._everybody() if decision.kind == MARKET_SET else [member] if member else []
        data: dict[str, object] = {"decision": name, "kind": decision.kind}
        tellings = tuple(Telling(one, EventKind.DECISION, data) for one in told)
        return Effects((change,), tellings)

    def hear(self, decision: Decision, *, index: int, at: int) -> Effects:  # noqa: ARG002
        """Begin the first market; lend who joins what the co-op lends everybody."""
        facts = self._community.facts
        changes: list[Change] = []
        if decision.kind == GENESIS:
            start = first_start(facts.rules, at)
            changes.append(self._rulebook.set_rules(facts.market, start, facts.rules))
        if decision.kind in {GENESIS, JOINED}:
            first = self._rulebook.markets[facts.market]
            limit = first.rules_now(at).credit_limit
            if limit:
                changes += self._ledger.lend(self._community.newest, limit)
        return Effects(tuple(changes))

    async def look_up(self, said: Sequence[Statement], view: View, *, size: int, at: int) -> None:
        """Bring near what deciding takes: all of it is in memory."""

    def forget(self, at: int) -> None:
        """Let go of what was brought near: nothing was."""

    def _deadlines(self, market: str, instant: int) -> Deadlines:
        """Return a market's deadlines; where it has no rules, nothing closes before it begins."""
        held = self._rulebook.markets.get(market)
        try:
            return Deadlines(0, 0) if held is None else held.version(instant).rules.deadlines
        except NoRulesError:
            return Deadlines(0, held.versions[0].rules.correction if held else 0)

    def _everybody(self) -> list[str]:
        members = self._community.members.items()
        return [name for name, member in members if member.standing is not Standing.LEFT]
