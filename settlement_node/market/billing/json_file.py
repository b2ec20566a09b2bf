"""A statement of account in JSON, the form that its hash covers, and back again."""

from inspect import cleandoc

import msgspec

from settlement_node.foreign_json import read_foreign
from settlement_node.market.billing.statement import StatementOfAccount, canonical


class StatementFileError(ValueError):
    """The file is no statement of account, or not the one that was issued."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    statement: msgspec.Raw


def write_json(statement: StatementOfAccount) -> bytes:
    """Write a statement with its hash; amounts are whole numbers of the smallest unit."""
    return msgspec.json.encode(_File(statement.sha256, msgspec.Raw(canonical(statement))))


def read_json(data: bytes) -> StatementOfAccount:
    """Read a statement back; one of which a byte was altered is refused."""
    try:
        file = read_foreign(data, _File)
        statement = read_foreign(bytes(file.statement), StatementOfAccount)
    except ValueError as error:
        raise StatementFileError(f"no statement of account: {error}") from None
    if write_json(statement) != data:
        raise StatementFileError(
            f"{statement.number} is not as it was issued: ask the co-op for the file again"
        )
    return statement


def json_schema() -> dict[str, object]:
    """Describe the file to other programs, as JSON Schema (2020-12)."""
    (schema,), named = msgspec.json.schema_components([StatementOfAccount])
    for definition in named.values():
        # Older Pythons leave the source's indents in docstrings.
        definition["description"] = cleandoc(definition["description"])
    return {
        "title": "Statement of account",
        "type": "object",
        "properties": {
            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "statement": schema,
        },
        "required": ["sha256", "statement"],
        "additionalProperties": False,
        "$defs": named,
    }
