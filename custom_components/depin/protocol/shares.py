"""Divide a whole number so that the shares sum to it exactly."""

from collections.abc import Sequence


def proportional(weights: Sequence[int], total: int) -> list[int]:
    """Divide `total` in proportion to `weights`, by cumulative rounding in the given order.

    Each share is less than one unit from its ideal, and follows from the running sum of
    the weights before it alone, so that a member can check it without the others' weights.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        msg = "weights and the total to divide must not be negative"
        raise ValueError(msg)
    whole = sum(weights)
    if whole == 0:
        if total:
            msg = f"nobody to divide {total} among: every weight is zero"
            raise ValueError(msg)
        return [0] * len(weights)
    shares = []
    running = given = 0
    for weight in weights:
        running += weight
        upto = running * total // whole
        shares.append(upto - given)
        given = upto
    return shares
