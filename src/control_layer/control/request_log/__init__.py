"""The request log: pages of it, one request whole, and all that match as a file."""
