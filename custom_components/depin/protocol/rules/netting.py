"""How a member's registers are netted before its interval is settled."""

import enum


class Netting(enum.Enum):
    """What cancels out within an interval, by the name that a market's rules give it."""

    NONE = "none"
    """Nothing: what each grid meter imported is added up, and so is what each exported."""

    REGISTERS = "registers"
    """Each grid meter's import and export; then as above."""

    PHASES = "phases"
    """The same over all of a member's grid meters, which stand for phases of one connection."""
