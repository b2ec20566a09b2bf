"""Why somebody can't join."""

from enum import StrEnum


class JoinProblem(StrEnum):
    """Why somebody can't join."""

    REQUEST_INVALID = "request-invalid"
    WRONG_COOP = "wrong-coop"
    INVITE_UNKNOWN = "invite-unknown"
    INVITE_WITHDRAWN = "invite-withdrawn"
    INVITE_USED = "invite-used"
    INVITE_EXPIRED = "invite-expired"
    CLOCK_WRONG = "clock-wrong"
    LEFT = "left"


class JoinRefusedError(Exception):
    """Somebody can't join; the message says what to do."""

    def __init__(self, code: JoinProblem, detail: str) -> None:
        """Say why."""
        super().__init__(detail)
        self.code = code
        self.detail = detail
