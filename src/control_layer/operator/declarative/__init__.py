"""A gateway described in a file: what it should be, what it is, the difference, and the calls that close it."""
