"""What a statement about membership calls for, or why it does nothing."""

from enum import StrEnum
from typing import Final

from settlement_node.intake.said import Said
from settlement_node.log.entries import Decision

NO_EFFECT: Final = "no_effect"


class Objection(StrEnum):
    """Why a sound statement does nothing."""

    NOT_ACTIVE = "not-active"
    NOT_OPERATOR = "not-operator"
    ACTION_UNKNOWN = "action-unknown"
    PARAMETERS_INVALID = "parameters-invalid"
    NO_SUCH_MEMBER = "no-such-member"
    NO_SUCH_MARKET = "no-such-market"
    NO_SUCH_INVITE = "no-such-invite"
    INVITE_EXISTS = "invite-exists"
    LAST_OPERATOR = "last-operator"
    PART_MISSING = "part-missing"
    NOT_FINAL = "not-final"
    MONTH_SKIPPED = "month-skipped"
    EARLIER_LOG = "earlier-log"
    NOTHING_TO_DO = "nothing-to-do"
    NOTHING_TO_VETO = "nothing-to-veto"
    KEY_UNPROVEN = "key-unproven"
    ALREADY_ANNOUNCED = "already-announced"


class ObjectedError(Exception):
    """The statement does nothing, for a reason."""

    def __init__(self, code: Objection, detail: str) -> None:
        """Say which."""
        super().__init__(detail)
        self.code = code
        self.detail = detail


def no_effect(said: Said, code: str, detail: str) -> Decision:
    """Decide that a statement does nothing."""
    result: dict[str, object] = {"statement": said.index, "code": code}
    return Decision(NO_EFFECT, result, ({"detail": detail},))


def about(
    said: Said, kind: str, result: dict[str, object], line: dict[str, object] | None = None
) -> Decision:
    """Write the decision that a statement calls for; its line is not for everybody."""
    whole: dict[str, object] = {"statement": said.index, **result}
    return Decision(kind, whole, () if line is None else (line,))
