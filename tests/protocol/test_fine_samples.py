"""The bytes of samples that stay at home, and the root over them."""

import hashlib

from depin_protocol.encoding import to_text
from depin_protocol.fine_samples import FineSample, fine_root


def test_a_leaf_is_json_without_blanks_with_the_registers_in_their_order() -> None:
    sample = FineSample(1_800_000_000_000, {"export": None, "import": 7}, -3, 4)
    assert sample.to_bytes() == b'[1800000000000,{"import":7,"export":null},-3,4]'
    assert FineSample(1, {}).to_bytes() == b"[1,{},null,0]"


def test_the_root_is_that_of_rfc_9162() -> None:
    one, two = b"[1,{},5,0]", b"[2,{},6,0]"
    leaves = [hashlib.sha256(b"\0" + leaf).digest() for leaf in (one, two)]
    root = hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest()
    assert fine_root([one]).root == to_text(leaves[0])
    assert (fine_root([one, two]).root, fine_root([one, two]).count) == (to_text(root), 2)
