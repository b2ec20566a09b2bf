"""What lets a log live long: state roots, who confirms them, and the erasure of old bodies."""
