"""People's accounts (§4.1)."""
