"""Postgres: engine, tables, migrations, notifications, the embedded server."""
