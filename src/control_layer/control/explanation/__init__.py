"""What a gateway would do with a request, and why."""
