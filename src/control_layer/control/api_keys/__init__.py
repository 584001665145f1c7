"""API keys (§4.2): what programs show instead of a person."""
