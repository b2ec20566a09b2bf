"""Shares sum to the whole, and each is less than one from its ideal."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depin_protocol.shares import proportional

weights = st.lists(st.integers(0, 2**51), min_size=1, max_size=30)


@given(weights, st.integers(0, 2**62))
def test_shares_are_exact(given_weights: list[int], total: int) -> None:
    """Whatever is divided, nothing is lost and nobody is rounded by a whole unit."""
    whole = sum(given_weights)
    if whole == 0:
        return
    shares = proportional(given_weights, total)
    assert sum(shares) == total
    for weight, share in zip(given_weights, shares, strict=True):
        assert share >= 0
        assert abs(share - Fraction(weight * total, whole)) < 1
        assert weight > 0 or share == 0


@given(weights, st.data())
def test_who_is_divided_among_himself_gains_nothing(
    given_weights: list[int], data: st.DataObject
) -> None:
    """The parts of one weight, side by side, get what the whole of it would."""
    total = data.draw(st.integers(0, sum(given_weights)))
    at = data.draw(st.integers(0, len(given_weights) - 1))
    part = data.draw(st.integers(0, given_weights[at]))
    divided = [*given_weights[:at], part, given_weights[at] - part, *given_weights[at + 1 :]]
    together = proportional(given_weights, total)
    apart = proportional(divided, total)
    assert apart[at] + apart[at + 1] == together[at]
    assert [*apart[:at], *apart[at + 2 :]] == [*together[:at], *together[at + 1 :]]


@given(weights)
def test_no_share_is_more_than_its_weight_when_there_is_enough(given_weights: list[int]) -> None:
    """Dividing no more than the sum of the weights gives nobody more than asked."""
    for total in {0, sum(given_weights) // 2, sum(given_weights)}:
        pairs = zip(given_weights, proportional(given_weights, total), strict=True)
        assert all(share <= weight for weight, share in pairs)


def test_there_must_be_somebody_to_divide_among() -> None:
    """Nothing divides among nobody, and something doesn't."""
    assert proportional([], 0) == []
    assert proportional([0, 0], 0) == [0, 0]
    for bad_weights, total in (([0], 1), ([], 1), ([-1, 2], 1), ([1], -1)):
        with pytest.raises(ValueError, match=r"divide"):
            proportional(bad_weights, total)
