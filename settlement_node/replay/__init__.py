"""The log followed again from its beginning."""
