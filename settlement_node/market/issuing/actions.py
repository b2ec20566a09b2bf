"""What operators do for statements of account, by signed statements."""

import re
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final, Self

from depin_protocol.statements.fields import ID, MAX_TIME, BodyError, Fields, matching
from depin_protocol.statements.membership import OperatorAction
from settlement_node.governance.actions import Action
from settlement_node.market.billing.months import Month
from settlement_node.market.issuing.party import Party

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 9999


@dataclass(frozen=True, slots=True)
class DescribeParty:
    """Says how a member, or without one the co-op, stands on statements from now on."""

    NAME: ClassVar[str] = "describe_party"

    member: str | None
    party: Party

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        member = {} if self.member is None else {"member": self.member}
        return {**member, **self.party.to_json()}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read whom, and its name, address and number."""
        member = fields.text("member", ID) if "member" in fields else None
        return cls(member, Party.take(fields))


@dataclass(frozen=True, slots=True)
class IssueStatement:
    """Issues a member's statement of a month, whose bounds are those of the co-op's time zone."""

    NAME: ClassVar[str] = "issue_statement"

    member: str
    month: Month
    issued: date

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {
            "member": self.member,
            "year": self.month.year,
            "month": self.month.month,
            "begins": self.month.begins,
            "ends": self.month.ends,
            "issued": self.issued.isoformat(),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read whose, which month and the day of issue."""
        member = fields.text("member", ID)
        year = fields.integer("year", _FIRST_YEAR, _LAST_YEAR)
        month = fields.integer("month", 1, 12)
        begins, ends = fields.time("begins"), fields.integer("ends", 1, MAX_TIME)
        return cls(member, Month(year, month, begins, ends), _day(fields, "issued"))


ACTIONS: Final[dict[str, type[Action]]] = {
    kind.NAME: kind for kind in (DescribeParty, IssueStatement)
}


def read_action(body: OperatorAction) -> Action:
    """Read the parameters, or raise a BodyError that names the wrong one."""
    fields = Fields(body.parameters, "parameters")
    action = ACTIONS[body.action].read(fields)
    fields.finish()
    return action


def _day(fields: Fields, name: str) -> date:
    text = matching(fields.take(name), fields.path(name), _DAY)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BodyError(f"{fields.path(name)} is no day of the calendar") from None
