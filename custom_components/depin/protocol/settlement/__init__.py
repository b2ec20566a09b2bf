"""What the meters make of what was traded: money and certificates of an interval."""
