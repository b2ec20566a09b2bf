"""The ledger as one of the rooms that a co-op consists of."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from depin_protocol.durations import HOUR
from depin_protocol.encoding import EncodingError, from_text, to_text
from depin_protocol.identifiers import HASH_LENGTH, ID_LENGTH
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.fields import MAX_TIME, BodyError, Fields
from depin_protocol.statements.membership import OperatorAction
from settlement_node.governance.actions import Action
from settlement_node.governance.arriving import JOINED
from settlement_node.governance.community import Community
from settlement_node.governance.facts import GENESIS
from settlement_node.governance.objections import no_effect
from settlement_node.intake.said import Effects, Said
from settlement_node.keeping.following import ERASED
from settlement_node.ledger.about import About
from settlement_node.ledger.accounts import MEMBERS_ACCOUNTS, AccountKind, AccountName
from settlement_node.ledger.acting import decided
from settlement_node.ledger.actions import ACTIONS, read_action
from settlement_node.ledger.assets import Denominations, usual_denominations
from settlement_node.ledger.beginning import BEGINNING, Beginning, beginning
from settlement_node.ledger.creditor_reference import member_reference
from settlement_node.ledger.desk import Desk, RefusedActionError
from settlement_node.ledger.effects import (
    BOOKED,
    EXPIRED,
    KINDS,
    altered,
    booked,
    money_of,
    tellings,
)
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.looking_up import look_up
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.rows import Logged
from settlement_node.ledger.tables import ABOUT, TABLES, as_changes, load
from settlement_node.ledger.transfers import Cause, Transfer, ids_in
from settlement_node.log.entries import Decision, DecisionError
from settlement_node.store.port import View
from settlement_node.store.tables import Change, Put, Row, Table

_OWNED: Final = frozenset({AccountKind.BANK, AccountKind.ON_CHAIN, *MEMBERS_ACCOUNTS})
_LAST_MOMENT: Final = 2**48 - 2
_KEPT: Final = 2 * HOUR
"""For how long, in milliseconds of logged time, transfers are known by heart."""
_FORGOTTEN_EVERY: Final = 15 * 60_000


class LedgerRoom:
    """Who holds what, and every transfer that led there."""

    kinds: Final = KINDS
    tables: Final[tuple[Table, ...]] = TABLES
    actions: Final = frozenset(ACTIONS)

    def __init__(self, community: Community) -> None:
        """Keep the accounts of this community."""
        self._community = community
        self._ledger: Ledger | None = None
        self._references: dict[str, AccountName] = {}
        self._about = About()
        self._read: dict[str, Action] = {}
        self._loaded = False
        self._forgotten = 0
        self._begin = Beginning()

    @property
    def ledger(self) -> Ledger:
        """The accounts and what stands on them."""
        if self._ledger is None:
            raise LookupError("the co-op is not founded yet: its ledger has no account")
        return self._ledger

    async def load(self, view: View) -> None:
        """Take the state from its rows."""
        if not self._community.founded:
            return
        self._ledger = await load(view, self._denominations(), Logged(-1, 0))
        # Until it is known when it goes on, the store may hold a transfer of any moment.
        self._ledger.has_forgotten(_LAST_MOMENT)
        self._begin = await beginning(view)
        self._loaded = True
        for name, _ in self._ledger.accounts():
            if name.kind is AccountKind.MEMBER_MONEY:
                self._know(name)

    def state_rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every account, and the reservations that stand."""
        if self._ledger is not None:
            for change in as_changes(self._ledger.state()):
                if isinstance(change, Put):
                    for row in change.rows:
                        yield change.table, row
        for row in self._begin.rows():
            yield BEGINNING, row

    async def look_up(self, said: Sequence[Statement], view: View, *, size: int, at: int) -> None:
        """Bring near the older transfers that operators' actions name, or might repeat."""
        if self._ledger is None:
            return
        if self._loaded:
            self._loaded = False
            self._ledger.has_forgotten(at)
        for statement in said:
            body = statement.body
            if isinstance(body, OperatorAction) and body.action in self.actions:
                with suppress(BodyError, EncodingError):
                    action = self._read[statement.hash] = read_action(body)
                    cause = Cause(from_text(statement.hash, HASH_LENGTH), at)
                    await look_up(action, cause, self._desk(), view, size)

    def forget(self, at: int) -> None:
        """Let go of the transfers of some time ago."""
        self._about.forget()
        self._read.clear()
        if self._ledger is not None and at - self._forgotten >= _FORGOTTEN_EVERY:
            self._forgotten = at
            self._ledger.forget(max(0, at - _KEPT))

    def concerns(self, said: Said) -> bool:
        """Tell whether a statement is an operator's action on money."""
        body = said.statement.body
        return isinstance(body, OperatorAction) and body.action in self.actions

    def following(self, said: Said) -> list[Decision]:
        """Return the decision that an operator's action calls for."""
        body = said.statement.body
        if not isinstance(body, OperatorAction):
            return []
        try:
            # Nearly always it was read when its transfers were looked up.
            action = self._read.get(said.statement.hash) or read_action(body)
            return [decided(said, action, self._desk())]
        except (BodyError, EncodingError) as error:
            return [no_effect(said, "parameters-invalid", str(error))]
        except RefusedActionError as refused:
            return [no_effect(said, refused.code, refused.detail)]

    def take(self, said: Said) -> tuple[Change, ...]:  # noqa: ARG002
        """Let a statement have its effect: here it has none but by decisions."""
        return ()

    def overdue(self, at: int) -> Decision | None:
        """Release the reservations whose moment has come."""
        expiring = [] if self._ledger is None else self._ledger.expiring(at)
        if not expiring:
            return None
        return Decision(EXPIRED, {}, tuple({"id": to_text(name)} for name in expiring))

    @property
    def due_at(self) -> int | None:
        """When a decision should not wait for an entry: never."""
        return None

    def check_free(self, decision: Decision, at: int) -> None:  # noqa: ARG002 - at no time
        """Refuse a decision that nothing called for."""
        raise DecisionError(f"nothing that precedes it calls for the decision {decision.kind}")

    def apply(self, decision: Decision, *, name: str, index: int, at: int) -> Effects:
        """Let a decision take effect."""
        told = tellings(decision, self.ledger, name, index)
        if decision.kind in {BOOKED, EXPIRED}:
            return Effects(self._book(booked(decision, self.ledger), Logged(index, at)), told)
        altered(decision, self.ledger)
        return Effects(tuple(as_changes(self.ledger.take_changes())), told)

    def hear(self, decision: Decision, *, index: int, at: int) -> Effects:  # noqa: ARG002
        """Open the accounts of who joins and the co-op's; begin anew above an erasure."""
        if decision.kind == GENESIS:
            self._ledger = Ledger(self._denominations())
            for kind in AccountKind:
                if kind not in _OWNED:
                    self._ledger.open(AccountName(kind))
        elif decision.kind == ERASED:
            fields = Fields(decision.result, "result")
            self._begin = Beginning(
                fields.integer("root", 0, MAX_TIME), fields.integer("before", 0, MAX_TIME)
            )
            return Effects(self._begin.changes())
        elif decision.kind != JOINED:
            return Effects()
        owner = from_text(self._community.newest, ID_LENGTH)
        for kind in MEMBERS_ACCOUNTS:
            self.ledger.open(AccountName(kind, owner))
        self._know(AccountName(AccountKind.MEMBER_MONEY, owner))
        return Effects(tuple(as_changes(self.ledger.take_changes())))

    def book(self, transfers: Sequence[Transfer], *, index: int, at: int) -> tuple[Change, ...]:
        """Do what another room has decided, and was found to be allowed.

        A room decides each thing once, so ids that memory lacks are new.
        """
        self._take_for_new(transfers)
        return self._book(transfers, Logged(index, at))

    def would(self, transfers: Sequence[Transfer], at: int) -> tuple[Outcome, ...]:
        """Say what would come of what another room may decide."""
        self._take_for_new(transfers)
        return self.ledger.would(transfers, at)

    def _take_for_new(self, transfers: Sequence[Transfer]) -> None:
        self.ledger.recall(self.ledger.lacks(ids_in(transfers)), ())

    def _book(self, transfers: Sequence[Transfer], logged: Logged) -> tuple[Change, ...]:
        outcomes = self.ledger.apply(transfers, logged)
        for transfer, outcome in zip(transfers, outcomes, strict=True):
            if not outcome.done:
                raise DecisionError(f"transfer {transfer.id.hex()}: {outcome.value}")
        changes = self.ledger.take_changes()
        noted = self._about.note(changes.transfers)
        return (*as_changes(changes), *([Put(ABOUT, noted)] if noted else ()))

    def lend(self, member: str, limit: int) -> tuple[Change, ...]:
        """Let a member's orders go so far below zero."""
        self.ledger.set_limit(money_of(member), limit)
        return tuple(as_changes(self.ledger.take_changes()))

    def _desk(self) -> Desk:
        return Desk(self.ledger, self._references, self._about, self._begin)

    def _denominations(self) -> Denominations:
        facts = self._community.facts
        return usual_denominations(facts.currency, facts.token)

    def _know(self, name: AccountName) -> None:
        reference = member_reference(self._community.facts.coop, to_text(name.owner))
        self._references[reference] = name
