"""What can keep the demo from starting."""


class DemoError(Exception):
    """The demo cannot go on; the message says why."""
