"""Credits: the ledger's movements and what they add up to (§4.9)."""
