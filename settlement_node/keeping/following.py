"""What follows from what auditors and operators say about state roots."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Self

from depin_protocol.encoding import EncodingError
from depin_protocol.statements.fields import HASH, BodyError, Fields
from depin_protocol.statements.membership import OperatorAction
from settlement_node.governance.community import Community
from settlement_node.governance.member import Role
from settlement_node.governance.objections import about, no_effect
from settlement_node.intake.said import Said
from settlement_node.keeping.roots import Roots
from settlement_node.log.entries import Decision

CONFIRMED: Final = "root_confirmed"
ERASED: Final = "bodies_erased"


class Objection(StrEnum):
    """Why a sound statement about a state root does nothing."""

    NOT_AUDITOR = "not-auditor"
    PARAMETERS_INVALID = "parameters-invalid"
    NO_SUCH_ROOT = "no-such-root"
    NOTHING_TO_DO = "nothing-to-do"
    NOT_CONFIRMED = "not-confirmed"
    RETENTION = "retention"


@dataclass(frozen=True, slots=True)
class EraseBodies:
    """Gives up the bodies of all entries before a state root."""

    NAME: ClassVar[str] = "erase_bodies"

    below: str

    def to_json(self) -> dict[str, object]:
        """Return the parameters."""
        return {"below": self.below}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read which state root, by the hash of its entry."""
        return cls(fields.text("below", HASH))


def decision_on_confirmation(said: Said, name: str, community: Community, roots: Roots) -> Decision:
    """Decide on an auditor's word."""
    auditor = said.statement.header.member
    if not community.members[auditor].acts_as(Role.AUDITOR):
        detail = "only an auditor confirms a state root"
        return no_effect(said, Objection.NOT_AUDITOR, detail)
    index = roots.find(name)
    if index is None:
        return no_effect(said, Objection.NO_SUCH_ROOT, _NO_SUCH_ROOT)
    if auditor in roots.all[index].confirmed:
        detail = "this auditor has confirmed it already"
        return no_effect(said, Objection.NOTHING_TO_DO, detail)
    return about(said, CONFIRMED, {"root": index}, {"member": auditor})


def decision_on_action(
    said: Said, body: OperatorAction, community: Community, roots: Roots
) -> Decision:
    """Decide on an erasure: not before the books' time is over, and never on one's own word."""
    try:
        fields = Fields(body.parameters, "parameters")
        action = EraseBodies.read(fields)
        fields.finish()
    except (BodyError, EncodingError) as error:
        return no_effect(said, Objection.PARAMETERS_INVALID, str(error))
    return _erasure(said, roots.find(action.below), community, roots)


def _erasure(said: Said, index: int | None, community: Community, roots: Roots) -> Decision:
    if index is None:
        return no_effect(said, Objection.NO_SUCH_ROOT, _NO_SUCH_ROOT)
    root = roots.all[index]
    if root.erased:
        detail = "what lies below it is erased already"
        return no_effect(said, Objection.NOTHING_TO_DO, detail)
    if said.at < root.at + community.facts.retention:
        years = community.facts.retention_years
        detail = f"bodies are kept for {years} {'year' if years == 1 else 'years'} at least"
        return no_effect(said, Objection.RETENTION, detail)
    if not set(root.confirmed) - {said.statement.header.member}:
        detail = "no auditor but the acting operator has confirmed it: ask one to"
        return no_effect(said, Objection.NOT_CONFIRMED, detail)
    return about(said, ERASED, {"root": index, "before": root.at})


_NO_SUCH_ROOT: Final = "no state root that is kept has this name"
