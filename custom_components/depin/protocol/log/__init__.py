"""The append-only log: its tree, its signed heads and the proofs against them."""
