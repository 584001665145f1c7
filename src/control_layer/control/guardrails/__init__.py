"""What requests and answers must pass: who makes it, in which order it stands, what it would do to a text."""
