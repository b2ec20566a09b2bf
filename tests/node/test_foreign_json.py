"""JSON of others: it is what was wanted, or there is one error, whatever is wrong."""

import pytest

from settlement_node.foreign_json import ForeignJSONError, read_foreign


@pytest.mark.parametrize("kind", [object, dict[str, str], list[list[int]]])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b'{"a":"\xff"}',
        b'["\xff"]',
        b'{"a":"\xed\xa0\x80"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1e999",
        b"9" * 5000,
        b"NaN",
    ],
    ids=range(10),
)
def test_whatever_is_wrong_is_one_error(data: bytes, kind: type[object]) -> None:
    with pytest.raises(ForeignJSONError):
        read_foreign(data, kind)


def test_what_was_wanted_is_read() -> None:
    assert read_foreign(b'{"a":"\xc3\xa9"}', dict[str, str]) == {"a": "é"}
    with pytest.raises(ForeignJSONError, match="Expected `str`"):
        read_foreign(b'{"a":1}', dict[str, str])
