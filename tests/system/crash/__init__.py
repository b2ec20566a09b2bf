"""The whole node under kill -9 and power cuts, while homes speak to it over HTTP."""
