"""Who changed what: the log that the database keeps, for administrators to read."""
