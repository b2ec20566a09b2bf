"""The words of each code, for somebody who knows their home and no statistics."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "chain-forked": "Your key signed {forks} statements that contradict others at the same"
        " place. Two machines may be using it: restore one, or change the key.",
        "clock-ahead": "Your home's clock is at least {seconds} seconds ahead of the node's.",
        "clock-behind": "Your home's clock is about {seconds} seconds behind the node's.",
        "counter-fell": "The counter fell {falls} times, by {wh} Wh in all.",
        "over-nameplate": "The device said {watts} W, and it is declared for {nameplate} W.",
        "constant": "The power stayed at {watts} W for {minutes} minutes. That happens when a"
        " device is limited, and when a reading is stuck.",
        "night-production": "{wh} Wh were counted as produced while the sun was down.",
        "over-clear-sky": "{claimed} Wh were counted. A clear sky above your panels could have"
        " given {most} Wh.",
        "over-fitted-sky": "{claimed} Wh were counted. By your own best days a clear sky gives"
        " {most} Wh. Tell your co-op if the panels have changed.",
        "unlike-neighbours": "Clouds passed over your neighbours on {days} days, and your panels"
        " did not follow: {likeness} of 1000, where {least} is the least and 600 is usual.",
        "copied": "Your panels followed one neighbour's in every watt on {days} days: {likeness} of"
        " 1000. Both homes are looked at.",
        "not-in-the-meter": "When your device says more or less, your grid meter should follow."
        " Over {days} days {missing} of 1000 parts were missing there (certainty {certainty} of"
        " 100, from 300 on it counts). A device that nobody meters, such as a solar heater, looks"
        " the same: tell your co-op, or have it metered.",
        "lag": "Your device and your grid meter tell the same moment about {seconds} seconds"
        " apart.",
        "energy-from-nowhere": "In {share} of 1000 steps your home gave more than it took and"
        " produced.",
        "over-fuse": "Your home would have used {watts} W, and its fuse carries {fuse} W.",
        "not-in-the-feeder": "The street's own meter does not see what your home says it gives:"
        " over {days} days {missing} of 1000 parts were missing there (certainty {certainty} of"
        " 100).",
        "paths-disagree": "One source says {first} Wh, the other {second} Wh.",
        "stuck": "The sensor of {subject} has said the same for {minutes} minutes.",
        "indoors": "On {days} days your station felt {likeness} of 1000 of the change in"
        " temperature that its neighbours felt. It may stand indoors or be covered.",
        "in-the-dark": "The sun sensor saw {share} of 1000 of what the sky gave on {days} days. It"
        " may stand indoors or be covered.",
        "unlike-stations": "The sensor of {subject} was far from all its neighbours for"
        " {share} of 1000 of the day.",
    }
)


def words(code: str, numbers: Mapping[str, int], subject: str = "") -> str:
    """Say what was found, with its numbers, and of which quantity."""
    return _WORDS[code].format(subject=subject.replace("_", " "), **numbers)
