"""How people and programs prove who they are: sessions, passwords, API keys."""
