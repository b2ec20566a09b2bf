"""A key in the forms in which its owner keeps it."""

import pytest

from custom_components.depin.home_key import (
    HomeKey,
    RecoveryError,
    RecoveryFile,
    key_of_phrase,
    make_key,
    phrase_of,
)
from custom_components.depin.protocol.encoding import to_text

_KEY = HomeKey(bytes(range(32)))
_PHRASE = phrase_of(_KEY)
_NAME = to_text(bytes(16))


def test_a_phrase_is_words_that_can_be_said() -> None:
    """Eighteen of five letters; all that there are differ."""
    assert _PHRASE == (
        "babad bamag bibaj bimal boban bomar bubat bumaz dabid damig dibij dimil dobin domir"
        " dubit dumiz hotil javoj"
    )


@pytest.mark.parametrize("text", [_PHRASE, _PHRASE.upper(), f"\n {_PHRASE.replace(' ', '-')} \n"])
def test_a_phrase_brings_the_key_back(text: str) -> None:
    """However it was written down."""
    assert key_of_phrase(text) == _KEY


def test_every_key_comes_back() -> None:
    """By phrase and by file."""
    for _ in range(100):
        key = make_key()
        assert key_of_phrase(phrase_of(key)) == key
        file = RecoveryFile(_NAME, _NAME, key)
        assert RecoveryFile.read(f"\n{file.written()}\n") == file


def _words() -> list[str]:
    return _PHRASE.split()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has 18 words"),
        (" ".join(_words()[:-1]), "these are 17"),
        (" ".join([*_words()[:-1], "xxxxx"]), "none of the words"),
        (" ".join([*_words()[:-1], "baba"]), "none of the words"),
        (" ".join([*_words()[1:], _words()[0]]), "another order"),
        (" ".join(["zuzuz", *_words()[1:]]), "not the one that was noted"),
    ],
)
def test_a_wrong_phrase_is_told(text: str, said: str) -> None:
    """And what is wrong with it."""
    with pytest.raises(RecoveryError, match=said):
        key_of_phrase(text)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind":"depin key recovery v1"}', "{"])
def test_a_file_that_is_none_is_refused(text: str) -> None:
    """Whatever it says."""
    with pytest.raises(RecoveryError):
        RecoveryFile.read(text)
