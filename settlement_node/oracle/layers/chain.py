"""Whether the key spoke with one voice."""

from typing import Protocol

from settlement_node.oracle.evidence import Provenance
from settlement_node.oracle.layer import Checked, Remembered
from settlement_node.oracle.verdicts import Finding, Outcome


class Said(Protocol):
    """Any evidence that statements brought."""

    @property
    def said(self) -> Provenance:
        """How they came."""


def one_voice(day: Said, _: Remembered) -> Checked:
    """Hold a day in which the key contradicted itself: another machine may have it."""
    if not day.said.forks:
        return Checked()
    return Checked((Finding("chain-forked", {"forks": day.said.forks}, Outcome.HELD),))
