"""Rate, token and concurrency limits."""
