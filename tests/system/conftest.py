"""The PostgreSQL server of the node's own tests."""

from tests.node.conftest import postgres, postgres_binaries, postgres_url

__all__ = ["postgres", "postgres_binaries", "postgres_url"]
