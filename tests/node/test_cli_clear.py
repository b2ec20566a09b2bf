"""`settlement-node clear`: what it prints, and what it refuses in one line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from depin_protocol.bounds import MAX_ENERGY, MAX_ORDERS, MAX_PRICE
from settlement_node.cli import main
from settlement_node.commands.book_file import parse_book_file

ROOT = Path(__file__).parents[2]
GOOD = {"bids": [[5, 9], [3, 7]], "asks": [[6, 2], [1, 8]]}


def cleared(book: dict[str, Any]) -> dict[str, Any]:
    """Clear a book that is in order."""
    result = CliRunner().invoke(main, ["clear", "-"], input=json.dumps(book))
    assert result.exit_code == 0, result.stderr
    assert not result.stderr
    printed = json.loads(result.stdout)
    assert isinstance(printed, dict)
    return printed


def refused(text: str | bytes) -> str:
    """Give the one line in which a book is refused."""
    result = CliRunner().invoke(main, ["clear", "-"], input=text)
    assert result.exit_code == 2
    assert not result.stdout
    assert result.stderr.endswith("\n")
    (line,) = result.stderr.splitlines()
    assert isinstance(line, str)
    return line.removeprefix("Error: ")


def test_it_prints_what_the_book_clears_to() -> None:
    assert cleared(GOOD) == {
        "price": 7,
        "volume": 6,
        "clearing_band": [7, 7],
        "bid_fills": [5, 1],
        "ask_fills": [6, 0],
        "welfare": 5 * 9 + 1 * 7 - 6 * 2,
    }


def test_price_and_band_are_null_when_nothing_trades() -> None:
    nothing = {"price": None, "clearing_band": None, "volume": 0, "welfare": 0}
    assert cleared({"bids": [[5, 1]], "asks": [[5, 2]]}) == {
        **nothing,
        "bid_fills": [0],
        "ask_fills": [0],
    }
    assert cleared({"bids": [], "asks": []}) == {**nothing, "bid_fills": [], "ask_fills": []}


@pytest.mark.parametrize(("share", "price"), [([0, 1], 2), ([1, 3], 5), ([1, 2], 6), ([1, 1], 11)])
def test_the_sellers_share_places_the_price_in_the_band(share: list[int], price: int) -> None:
    result = cleared({"bids": [[4, 11]], "asks": [[4, 2]], "seller_share": share})
    assert (result["clearing_band"], result["price"]) == ([2, 11], price)


def test_ties_go_by_position_and_prices_may_be_negative() -> None:
    result = cleared({"bids": [[3, -1], [3, -1], [3, -1]], "asks": [[4, -5]], "band": [-5, -1]})
    assert result["price"] == -1
    assert result["bid_fills"] == [1, 1, 2]
    assert result["welfare"] == 16


def test_figures_beyond_64_bits_are_exact() -> None:
    result = cleared(
        {"bids": [[MAX_ENERGY, MAX_PRICE]] * 9, "asks": [[MAX_ENERGY, -MAX_PRICE]] * 9}
    )
    assert result["welfare"] == 9 * MAX_ENERGY * 2 * MAX_PRICE


def test_mcafee_clears_single_lots() -> None:
    book = {
        "bids": [[5, price] for price in (100, 90, 80, 70, 60)],
        "asks": [[5, price] for price in (80, 85, 95, 100, 110)],
        "rule": "mcafee",
    }
    assert cleared(book) == {
        "price": 87,
        "volume": 10,
        "clearing_band": [87, 87],
        "bid_fills": [5, 5, 0, 0, 0],
        "ask_fills": [5, 5, 0, 0, 0],
        "welfare": 5 * (100 + 90 - 80 - 85),
        "buyer_price": 87,
        "seller_price": 87,
        "surplus": 0,
    }


def test_mcafee_has_no_one_price_after_a_reduction() -> None:
    result = cleared({"bids": [[5, 9], [5, 8]], "asks": [[5, 2], [5, 4]], "rule": "mcafee"})
    assert result["price"] is None
    assert result["clearing_band"] == [4, 8]
    assert (result["seller_price"], result["buyer_price"], result["surplus"]) == (4, 8, 20)


def test_mcafee_of_an_empty_book_trades_nothing() -> None:
    result = cleared({"bids": [], "asks": [], "rule": "mcafee"})
    assert result["price"] is result["clearing_band"] is result["buyer_price"] is None


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"bids": 5}, "bids: must be a list of [wh, price]"),
        ({"bids": [[5, 9], 5]}, "bids[1]: must be a list of two whole numbers"),
        ({"asks": [[5, 9, 1]]}, "asks[0]: must be a list of two whole numbers"),
        ({"bids": [[5, 9], [5, 9.0]]}, "bids[1][1]: must be a whole number"),
        ({"bids": [[5, True]]}, "bids[0][1]: must be a whole number"),
        ({"bids": [["5", 9]]}, "bids[0][0]: must be a whole number"),
        ({"bids": [[None, 9]]}, "bids[0][0]: must be a whole number"),
        ({"bids": [[5, float("nan")]]}, "bids[0][1]: must be a whole number"),
        ({"bids": [[0, 9]]}, f"bids[0][0]: must be from 1 to {MAX_ENERGY}"),
        ({"bids": [[MAX_ENERGY + 1, 9]]}, f"bids[0][0]: must be from 1 to {MAX_ENERGY}"),
        (
            {"asks": [[1, 1], [1, 1], [1, -MAX_PRICE - 1]]},
            f"asks[2][1]: must be from {-MAX_PRICE} to {MAX_PRICE}",
        ),
        ({"bids": [[1, 10**39]]}, f"bids[0][1]: must be from {-MAX_PRICE} to {MAX_PRICE}"),
        (
            {"bids": [[1, 1]] * MAX_ORDERS},
            f"bids: a book holds at most {MAX_ORDERS} orders on both sides",
        ),
        ({"band": [2, 8]}, "bids[0][1]: must be from 2 to 8"),
        ({"band": [8, 2]}, "band: must not begin at 8, above its end at 2"),
        ({"band": [2]}, "band: must be a list of two whole numbers"),
        ({"band": [0, 1.5]}, "band[1]: must be a whole number"),
        ({"band": [0, MAX_PRICE + 1]}, f"band[1]: must be from {-MAX_PRICE} to {MAX_PRICE}"),
        (
            {"seller_share": [3, 2]},
            "seller_share: must be a fraction from 0 to 1 with a denominator from 1 to 2147483648",
        ),
        ({"seller_share": None}, "seller_share: must be a list of two whole numbers"),
        ({"rule": "vickrey"}, 'rule: must be "uniform" or "mcafee"'),
        ({"rule": ["uniform"]}, 'rule: must be "uniform" or "mcafee"'),
        ({"rule": "mcafee"}, "bids[1][0]: must be one lot of 5 Wh under the mcafee rule"),
        ({"tick": 5}, '"tick": is not a field of a book'),
        ({"two\nlines": 5}, '"two\\nlines": is not a field of a book'),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], line: str) -> None:
    assert refused(json.dumps({**GOOD, **change})) == line


@pytest.mark.parametrize("name", ["bids", "asks"])
def test_a_missing_side_is_named(name: str) -> None:
    assert refused(json.dumps({key: GOOD[key] for key in GOOD if key != name})) == (
        f"{name}: is missing"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"bids": [], "asks": [], "bids": []}', '"bids": is there twice'),
        ('{"bids": [[1, {"a": 1, "a": 2}]], "asks": []}', '"a": is there twice'),
        ("[]", 'the file: must be an object such as {"bids": [], "asks": []}'),
        ("", "the file: is not JSON at line 1, column 1: Expecting value"),
        ('{"bids":\n[}', "the file: is not JSON at line 2, column 2: Expecting value"),
        (b'{"bids": "\xff"}', "the file: is not UTF-8 at byte 10"),
        ("[" * 200_000, "the file: is nested too deeply"),
        (
            '{"bids": [[1, -' + "9" * 5000 + ']], "asks": []}',
            f"bids[0][1]: must be from {-MAX_PRICE} to {MAX_PRICE}",
        ),
        ('{"bids": [[1, 1e999]], "asks": []}', "bids[0][1]: must be a whole number"),
    ],
)
def test_a_file_that_is_no_book_is_refused(text: str | bytes, line: str) -> None:
    assert refused(text) == line


def test_a_file_larger_than_any_book_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("settlement_node.commands.clear.MAX_BYTES", 20)
    monkeypatch.setattr("settlement_node.commands.book_file.MAX_BYTES", 20)
    assert refused(json.dumps(GOOD)) == "the file: is larger than 20 bytes"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.json"
    for path, reason in ((missing, "No such file or directory"), (tmp_path, "Is a directory")):
        result = CliRunner().invoke(main, ["clear", str(path)])
        assert result.exit_code == 2
        assert result.stderr == f"Error: the file: cannot read '{path}': {reason}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "[" * (MAX_ORDERS + 5),
            f'has more than {MAX_ORDERS + 4} "[", so holds more than any book',
        ),
        ('{"bids": [' + "{}," * MAX_ORDERS * 2, f'has more than {MAX_ORDERS + 4} "{{", so holds'),
        ('{"bids": [' + "0," * MAX_ORDERS * 3, f'has more than {2 * MAX_ORDERS + 8} ",", so holds'),
    ],
)
def test_a_file_of_more_values_than_any_book_is_refused_unparsed(
    text: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("settlement_node.commands.book_file.json.loads", None)
    assert refused(text).startswith(f"the file: {line}")


@pytest.mark.long
def test_the_largest_book_with_every_field_is_not_too_much() -> None:
    half = [[1, 1]] * (MAX_ORDERS // 2)
    book = {"bids": half, "asks": half, "band": [1, 1], "seller_share": [1, 2], "rule": "uniform"}
    assert parse_book_file(json.dumps(book).encode()).book.bids.wh.size == MAX_ORDERS // 2


@pytest.mark.parametrize(
    ("redirection", "code", "line"),
    [
        ("<&-", 2, "Error: the file: cannot read '-': standard input is closed"),
        (">&-", 1, "Error: cannot print: standard output is closed"),
        (">/dev/full", 1, "Error: cannot print: No space left on device"),
        ("| true", 1, "Error: cannot print: Broken pipe"),
    ],
)
def test_closed_and_failing_streams_get_one_line(
    redirection: str, code: int, line: str, tmp_path: Path
) -> None:
    # Larger than a pipe holds, so that the pipe's end is seen to be gone.
    book = {"bids": [[1, 1]] * 50_000, "asks": [[1, 1]]}
    (tmp_path / "book.json").write_text(json.dumps(book))
    command = f'"$0" -m settlement_node clear - <"$1" {redirection}; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["/bin/bash", "-c", command, sys.executable, tmp_path / "book.json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()) == (code, [line])


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_text(json.dumps(GOOD))
    command = [sys.executable, "-m", "settlement_node", "clear"]

    def printed(argument: str) -> str:
        done = subprocess.run(
            [*command, argument], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert json.loads(printed(str(path))) == cleared(GOOD)
    assert "ties go by its\n  position on its side" in printed("--help")
