"""From evidence to a verdict: each layer of the kind, and the severest of what they found."""

from collections.abc import Mapping

from settlement_node.oracle.kind import Kind
from settlement_node.oracle.layer import Kept
from settlement_node.oracle.verdicts import Finding, Outcome, Verdict

type Memory = Mapping[str, tuple[Kept, ...]]
"""What the layers remember of a device's earlier days, by their names."""


def judge[Evidence](
    kind: Kind[Evidence], evidence: Evidence, memory: Memory
) -> tuple[Verdict, Memory]:
    """Judge a device's day, and return what to remember for the next."""
    found: dict[str, tuple[Finding, ...]] = {}
    after: dict[str, tuple[Kept, ...]] = {}
    for layer in kind.layers:
        before = memory.get(layer.name, ())
        findings, keep = layer.check(evidence, before)
        if findings:
            found[layer.name] = findings
        if layer.days:
            after[layer.name] = (before if keep is None else (*before, keep))[-layer.days :]
    claimed = kind.units(evidence)
    every = [one for findings in found.values() for one in findings]
    outcome = max((one.outcome for one in every), default=Outcome.ACCEPTED)
    most = [one.most for one in every if one.most is not None]
    granted = 0 if outcome >= Outcome.HELD else min([claimed, *most])
    return Verdict(kind.name, outcome, claimed, granted, kind.quality(evidence), found), after
