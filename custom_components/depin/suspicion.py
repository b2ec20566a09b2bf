"""What does not hold of what a node says, with all that it was found in."""

from .protocol.checking.verdicts import (
    Case,
    Check,
    FailedCheckError,
    OpenQuestionError,
    UnshownError,
)
from .protocol.log.notes import VerifierKey


class SuspicionError(Exception):
    """A check failed; the case is what evidence is written of."""

    def __init__(self, case: Case, check: Check, detail: str) -> None:
        """Say what was checked, and what was found."""
        super().__init__(detail)
        self.case = case
        self.check = check


def examine(case: Case, log: VerifierKey) -> None:
    """Check a case, and suspect the node if it does not hold, or is not shown to hold."""
    try:
        require(case, log)
    except UnshownError as error:
        raise SuspicionError(case, case.NAME, str(error)) from error


def require(case: Case, log: VerifierKey) -> None:
    """Check a case, and suspect the node if what it signed does not hold."""
    try:
        case.check(log)
    except (FailedCheckError, OpenQuestionError) as error:
        raise SuspicionError(case, error.check, str(error)) from error
