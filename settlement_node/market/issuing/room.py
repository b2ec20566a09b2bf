"""Statements of account as one of the rooms that a co-op consists of."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from depin_protocol.durations import DAY
from depin_protocol.encoding import EncodingError, from_text, to_text
from depin_protocol.events import EventKind
from depin_protocol.identifiers import ID_LENGTH
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.fields import BodyError
from depin_protocol.statements.membership import OperatorAction
from settlement_node.governance.arriving import line_of
from settlement_node.governance.community import Community
from settlement_node.governance.objections import ObjectedError, Objection, about, no_effect
from settlement_node.intake.said import Effects, Said, Telling
from settlement_node.ledger.room import LedgerRoom
from settlement_node.log.entries import Decision, DecisionError
from settlement_node.market.billing.json_file import write_json
from settlement_node.market.billing.numbers import StatementNumber
from settlement_node.market.billing.statement import StatementOfAccount
from settlement_node.market.issuing.actions import (
    ACTIONS,
    DescribeParty,
    IssueStatement,
    read_action,
)
from settlement_node.market.issuing.booking import booked
from settlement_node.market.issuing.deciding import Issued, check_month, made
from settlement_node.market.issuing.gathering import Gathered, Gathering, SettledBooks
from settlement_node.market.issuing.movements import noted
from settlement_node.market.issuing.party import Party
from settlement_node.market.issuing.tables import (
    LAST_STATEMENT,
    PARTY,
    STATEMENT_OF_ACCOUNT,
    TABLES,
)
from settlement_node.market.rules.room import RulesRoom
from settlement_node.store.port import View
from settlement_node.store.scanning import every_row
from settlement_node.store.tables import Change, Put, Row, Table

_LONGEST: Final = 33 * DAY
"""What is longer is no month, and not looked up, in milliseconds."""

PARTY_DESCRIBED: Final = "party_described"
STATEMENT_ISSUED: Final = "statement_issued"


class IssuingRoom:
    """Who stands on statements and how, and which statements were issued."""

    kinds: Final = frozenset((PARTY_DESCRIBED, STATEMENT_ISSUED))
    actions: Final = frozenset(ACTIONS)
    tables: Final[tuple[Table, ...]] = TABLES

    def __init__(
        self, community: Community, ledger: LedgerRoom, rules: RulesRoom, settled: SettledBooks
    ) -> None:
        """Issue statements of what is settled here."""
        self._community = community
        self._ledger = ledger
        self._rules = rules
        self._settled = settled
        self._issued = Issued()
        self._gathering = Gathering(settled)
        self._near: dict[str, Gathered] = {}
        self._made: dict[int, StatementOfAccount] = {}

    async def load(self, view: View) -> None:
        """Take the state from its rows."""
        async for row in every_row(view, PARTY):
            match row:
                case (bytes(member), bytes(data)):
                    self._issued.parties[_name(member)] = Party.read(data)
        async for row in every_row(view, LAST_STATEMENT):
            match row:
                case (bytes(member), int(year), int(serial)):
                    self._issued.last[_name(member)] = StatementNumber(year, serial)

    def state_rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of the state as it stands: statements themselves are none of it."""
        for member, party in self._issued.parties.items():
            yield PARTY, (_key(member), party.data())
        for member, number in self._issued.last.items():
            yield LAST_STATEMENT, (_key(member), number.year, number.serial)

    def concerns(self, said: Said) -> bool:
        """Tell whether a sound statement is this room's to answer."""
        body = said.statement.body
        return isinstance(body, OperatorAction) and body.action in self.actions

    def following(self, said: Said) -> list[Decision]:
        """Return the decision that an operator's action calls for."""
        body = said.statement.body
        if not isinstance(body, OperatorAction):
            return []
        try:
            match read_action(body):
                case DescribeParty() as action:
                    return [self._described(said, action)]
                case IssueStatement() as action:
                    return [self._issuing(said, action)]
        except (BodyError, EncodingError) as error:
            return [no_effect(said, Objection.PARAMETERS_INVALID, str(error))]
        except ObjectedError as objected:
            return [no_effect(said, objected.code, objected.detail)]
        return []

    def take(self, said: Said) -> tuple[Change, ...]:  # noqa: ARG002
        """Let a statement have its effect: here it has none but by decisions."""
        return ()

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

    def apply(self, decision: Decision, *, name: str, index: int, at: int) -> Effects:
        """Let a decision take effect."""
        data: dict[str, object] = {"decision": name, "kind": decision.kind}
        if decision.kind == PARTY_DESCRIBED:
            action = DescribeParty.read(line_of(decision))
            member = action.member or ""
            self._issued.parties[member] = action.party
            told = (Telling(member, EventKind.DECISION, data),) if member else ()
            return Effects((Put(PARTY, [(_key(member), action.party.data())]),), told)
        said = decision.result["statement"]
        if not isinstance(said, int):
            raise DecisionError(f"{decision.kind} names no statement")
        statement = self._made.pop(said)
        member, number = statement.member.member, statement.number
        self._issued.last[member] = number
        row: Row = (_key(member), number.year, number.serial, index, said, write_json(statement))
        transfers = list(booked(statement, self._ledger.ledger, at))
        changes = (
            Put(LAST_STATEMENT, [(_key(member), number.year, number.serial)]),
            Put(STATEMENT_OF_ACCOUNT, [row]),
            *self._ledger.book(transfers, index=index, at=at),
        )
        data |= {"number": str(number)}
        return Effects(changes, (Telling(member, EventKind.DECISION, data),))

    def hear(self, decision: Decision, *, index: int, at: int) -> Effects:
        """Note what members pay in and take out."""
        return Effects(noted(decision, self._ledger.ledger, index, at))

    async def look_up(self, said: Sequence[Statement], view: View, *, size: int, at: int) -> None:  # noqa: ARG002
        """Bring near what the statements are made of that operators want to issue."""
        for statement in said:
            body = statement.body
            if isinstance(body, OperatorAction) and body.action == IssueStatement.NAME:
                with suppress(BodyError, EncodingError):
                    action = read_action(body)
                    if isinstance(action, IssueStatement):
                        await self._gather(statement.hash, action, view, size)

    def forget(self, at: int) -> None:  # noqa: ARG002
        """Let go of what was brought near: all that was decided until now is stored."""
        self._near.clear()

    async def _gather(self, name: str, action: IssueStatement, view: View, size: int) -> None:
        member = self._community.members.get(action.member)
        length = action.month.ends - action.month.begins
        if member is not None and 0 < length <= _LONGEST:
            joined = member.joined_index
            self._near[name] = await self._gathering.gather(action, joined, view, size)

    def _described(self, said: Said, action: DescribeParty) -> Decision:
        if action.member is not None:
            self._check_member(action.member)
        if self._issued.parties.get(action.member or "") == action.party:
            raise ObjectedError(Objection.NOTHING_TO_DO, "this is how they stand already")
        return about(said, PARTY_DESCRIBED, {}, action.to_json())

    def _issuing(self, said: Said, action: IssueStatement) -> Decision:
        self._check_member(action.member)
        markets = self._rules.markets()
        final = {market: self._settled.final_before(market) for market in markets}
        check_month(said, action, final)
        gathered = self._near[said.statement.hash]
        statement = made(action, gathered, self._issued, self._community)
        self._made[said.index] = statement
        line: dict[str, object] = {
            "member": action.member,
            "month": str(action.month),
            "sha256": statement.sha256,
            "closing": statement.closing,
            "books": statement.to_book,
        }
        return about(said, STATEMENT_ISSUED, {"number": str(statement.number)}, line)

    def _check_member(self, member: str) -> None:
        if member not in self._community.members:
            raise ObjectedError(Objection.NO_SUCH_MEMBER, f"nobody here is {member}")


def _key(member: str) -> bytes:
    return from_text(member, ID_LENGTH) if member else b""


def _name(member: bytes) -> str:
    return to_text(member) if member else ""
