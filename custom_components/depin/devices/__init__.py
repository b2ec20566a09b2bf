"""Reading the physical world: registers, messages and entities become points of one closed set."""
