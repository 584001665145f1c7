"""Files of requests, and what batches make of them (§4.14)."""
