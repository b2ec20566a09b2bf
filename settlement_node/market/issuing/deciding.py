"""Which decision follows from what an operator does for statements of account."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from settlement_node.governance.community import Community
from settlement_node.governance.objections import ObjectedError, Objection
from settlement_node.instants import shown_time
from settlement_node.intake.said import Said
from settlement_node.ledger.assets import Asset, usual_denominations
from settlement_node.ledger.creditor_reference import member_reference
from settlement_node.market.billing.cents import NoCentsError
from settlement_node.market.billing.corrections import SettledInterval
from settlement_node.market.billing.issuing import AccountMonth, Issue, statement_of_account
from settlement_node.market.billing.numbers import NumberError, StatementNumber, next_number
from settlement_node.market.billing.parties import PartyError
from settlement_node.market.billing.statement import StatementError, StatementOfAccount
from settlement_node.market.billing.taxes import TaxError
from settlement_node.market.issuing.actions import IssueStatement
from settlement_node.market.issuing.gathering import Gathered
from settlement_node.market.issuing.party import Party

_FARTHEST: Final = 14 * 3_600_000
"""No place's clocks are further from UTC, in milliseconds."""

_REFUSED: Final = (StatementError, TaxError, NumberError, PartyError, NoCentsError)


@dataclass(slots=True)
class Issued:
    """How everybody stands on statements, and which numbers are given."""

    parties: dict[str, Party] = field(default_factory=dict)
    """By member; under the empty name the co-op."""
    last: dict[str, StatementNumber] = field(default_factory=dict)

    @property
    def newest(self) -> StatementNumber | None:
        """The number that was given last."""
        return max(self.last.values(), default=None)


def check_month(said: Said, action: IssueStatement, final_before: Mapping[str, int]) -> None:
    """Insist that a month is one, over, and final in every market that settles."""
    month = action.month
    following = (month.year, month.month + 1) if month.month < 12 else (month.year + 1, 1)  # noqa: PLR2004 - December
    for name, instant, year_month in (
        ("begins", month.begins, (month.year, month.month)),
        ("ends", month.ends, following),
    ):
        utc = int(datetime(*year_month, 1, tzinfo=UTC).timestamp()) * 1000
        if abs(instant - utc) > _FARTHEST:
            raise _invalid(f"parameters.{name} is not where {month} {name} anywhere")
    today = datetime.fromtimestamp(said.at // 1000, UTC).date()
    if abs(action.issued - today) > timedelta(days=1):
        raise _invalid(f"parameters.issued is {action.issued}, and it is {today}")
    for market, until in final_before.items():
        if 0 < until < month.ends:
            raise ObjectedError(
                Objection.NOT_FINAL,
                f"the market {market} is final up to {shown_time(until)}, and {month} ends at"
                f" {shown_time(month.ends)}:"
                " issue its statements when its correction window has closed",
            )


def made(
    action: IssueStatement, gathered: Gathered, issued: Issued, community: Community
) -> StatementOfAccount:
    """Make the statement, or raise an ObjectedError."""
    if community.facts.previous is not None and gathered.since < gathered.begun:
        raise ObjectedError(
            Objection.EARLIER_LOG,
            f"this log begins at {gathered.begun}, and the member's last statement ends before:"
            " what lies between was settled in another log, so the balance is not known here",
        )
    if gathered.skipped:
        raise ObjectedError(
            Objection.MONTH_SKIPPED,
            f"something of the member's lies before {shown_time(action.month.begins)}, where"
            f" {action.month} begins, and on no statement: issue the earlier month first, and all"
            " months by one time zone",
        )
    previous = gathered.previous
    if (previous.number if previous else None) != issued.last.get(action.member):
        raise ObjectedError(
            Objection.NOTHING_TO_DO,
            "another statement of this member's was issued at the same time: issue this one again",
        )
    if not (gathered.intervals or gathered.movements or gathered.corrections):
        raise ObjectedError(Objection.NOTHING_TO_DO, f"the member had nothing in {action.month}")
    opening = previous.closing if previous else 0
    moved = sum(one.amount for one in gathered.movements)
    account = AccountMonth(
        action.month,
        opening,
        opening + _earned(gathered.intervals) + moved,
        gathered.intervals,
        gathered.movements,
        gathered.corrections,
    )
    try:
        issue = _issue(action, issued, community)
        return statement_of_account(issue, account, previous)
    except _REFUSED as error:
        raise _invalid(str(error)) from None


def _issue(action: IssueStatement, issued: Issued, community: Community) -> Issue:
    facts = community.facts
    assets = usual_denominations(facts.currency, facts.token)
    coop = issued.parties.get("") or Party(facts.name)
    member = issued.parties.get(action.member) or Party(community.members[action.member].name)
    reference = member_reference(facts.coop, action.member)
    return Issue(
        next_number(issued.newest, action.issued),
        action.issued,
        coop.as_issuer(),
        member.as_holder(action.member, reference),
        assets[Asset.CURRENCY],
        assets[Asset.TOKEN],
    )


def _earned(intervals: Iterable[SettledInterval]) -> int:
    return sum(one.lines.receives - one.lines.pays for one in intervals)


def _invalid(detail: str) -> ObjectedError:
    return ObjectedError(Objection.PARAMETERS_INVALID, detail)
