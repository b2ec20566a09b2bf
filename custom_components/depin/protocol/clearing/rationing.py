"""Share what is left at the clearing price: over members, then over each member's orders."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..bounds import MAX_ORDERS
from .book import Integers

# Found by timing: arrays of this size stay in a processor's cache, while fresh memory for a
# whole column costs more than what is computed in it. No result depends on it.
_PART: Final = 2**14
_POSITION_BITS: Final = MAX_ORDERS.bit_length() - 1


def ration(member: Integers, wh: Integers, volume: int, fills: Integers) -> None:
    """Share a volume over orders, given by position; it is at most what they come to."""
    if bool((member[1:] > member[:-1]).all()):
        _share(wh, volume, fills)
        return
    position, is_first = _by_member(member)
    wh = wh[position]
    first = np.flatnonzero(is_first)
    offered = np.add.reduceat(wh, first)
    due = np.empty_like(offered)
    _share(offered, volume, due)
    # Within a member the same rule again, over what it offered and what it is due.
    before, given, ratio = offered.cumsum() - offered, due.cumsum() - due, due / offered
    running, group, last = 0, -1, 0
    for part in _parts(wh.size):
        groups = is_first[part].cumsum() + group
        sums = wh[part].cumsum()
        sums += running
        running, group = int(sums[-1]), int(groups[-1])
        sums -= before[groups]
        upto = _portion(sums, due[groups], offered[groups], ratio[groups])
        upto += given[groups]
        fills[position[part]] = _steps(upto, last)
        last = int(upto[-1])


def _by_member(member: Integers) -> tuple[Integers, NDArray[np.bool_]]:
    """Order positions by member, and mark the first of each member."""
    # One sort of (member, position) in one integer is several times faster than one by two keys.
    keys = np.arange(member.size)
    for part in _parts(member.size):
        keys[part] |= member[part] << _POSITION_BITS
    if not bool((member[1:] >= member[:-1]).all()):
        keys.sort()
    is_first = np.empty(member.size, dtype=np.bool_)
    last = -1
    for part in _parts(member.size):
        owner = keys[part] >> _POSITION_BITS
        is_first[part] = _steps(owner, last) != 0
        last = int(owner[-1])
    keys &= MAX_ORDERS - 1
    return keys, is_first


def _share(wh: Integers, volume: int, shares: Integers) -> None:
    """Share a volume in proportion, by cumulative rounding."""
    whole = wh.sum()
    running = last = 0
    for part in _parts(wh.size):
        sums = wh[part].cumsum()
        sums += running
        running = int(sums[-1])
        upto = _portion(sums, volume, whole, volume / whole)
        shares[part] = _steps(upto, last)
        last = int(upto[-1])


def _parts(size: int) -> Iterator[slice]:
    return (slice(start, start + _PART) for start in range(0, size, _PART))


def _steps(running: Integers, last: int) -> Integers:
    """Take a running sum apart again; the part before it ended at `last`."""
    steps = running.copy()
    steps[1:] -= running[:-1]
    steps[0] -= last
    return steps


def _portion(
    running: Integers,
    volume: Integers | int,
    whole: Integers | np.int64,
    ratio: NDArray[np.float64] | np.float64,
) -> Integers:
    """Take floor(running x volume / whole) exactly, though the product may pass 64 bits.

    All three are at most 2^51, and running and volume at most whole, so the estimate by their
    float ratio is off by one at most. The remainder tells: it is small, so right although both
    products wrap.
    """
    portion = (running * ratio).astype(np.int64)
    remainder = running * volume
    remainder -= portion * whole
    portion += remainder >= whole
    portion -= remainder < 0
    return portion
