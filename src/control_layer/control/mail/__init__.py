"""Mails to people: written, and handed to a mail server or kept as files."""
