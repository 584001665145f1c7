"""The two messages between the planes, and what both sides need to read them."""
