"""Double entry over a co-op's assets: pure, in memory, driven by logged time alone."""
