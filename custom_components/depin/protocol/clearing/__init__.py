"""The double auction of one interval, and the proofs that it was cleared as it must be."""
