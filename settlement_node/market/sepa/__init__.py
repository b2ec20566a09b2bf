"""SEPA files for a co-op that bills by bank: direct debits and credit transfers."""
