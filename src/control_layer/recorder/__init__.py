"""The way of a usage event from the journal into Postgres."""
