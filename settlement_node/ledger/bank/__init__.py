"""Money that comes in and goes out: bank statements, references, and the transfers they lead to."""
