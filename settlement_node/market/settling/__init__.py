"""From readings to money: what was traded, against what was metered."""
