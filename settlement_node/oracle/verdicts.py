"""What the oracle says of a contribution: whole numbers, and the words for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from settlement_node.oracle.wording import words


class Outcome(IntEnum):
    """What becomes of a claim, the milder first."""

    ACCEPTED = 0
    REDUCED = 1
    HELD = 2
    """Nothing is granted until a person has looked."""
    REJECTED = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What one layer found, with the numbers that it rests on."""

    code: str
    numbers: Mapping[str, int]
    outcome: Outcome = Outcome.ACCEPTED
    review: bool = False
    """A person should look, and until then nothing is taken away."""
    most: int | None = None
    """The most units that this leaves, None if it limits none."""
    subject: str = ""
    """The quantity that it is about, where there are several."""

    @property
    def words(self) -> str:
        """Say it to the member."""
        return words(self.code, self.numbers, self.subject)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was claimed, what is granted, how good it is, and why."""

    kind: str
    outcome: Outcome
    claimed: int
    granted: int
    quality: int
    """Per mille, for rewards alone: no invoice knows it."""
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """By the name of the layer."""

    @property
    def review(self) -> bool:
        """Tell whether a person should look."""
        return any(one.review for found in self.findings.values() for one in found)
