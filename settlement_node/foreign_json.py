"""JSON that others wrote: whatever is wrong with it is one error, and says so."""

import msgspec


class ForeignJSONError(ValueError):
    """It is not the JSON that was wanted; the message says what is wrong."""


def read_foreign[T](data: bytes, kind: type[T]) -> T:
    """Read JSON of this kind."""
    try:
        return msgspec.json.decode(data, type=kind)
    except UnicodeDecodeError as error:
        raise ForeignJSONError(f"a text in it is not UTF-8: {error.reason}") from None
    except RecursionError:
        raise ForeignJSONError("it is nested too deeply") from None
    except msgspec.DecodeError as error:
        raise ForeignJSONError(str(error)) from None
