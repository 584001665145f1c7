"""The lock of `recorded_batches`: who writes shares it to the end of the transaction, who reads takes it alone first.

So a reader sees every row up to the highest number it finds: no writer with a lower one is still to commit.
"""

from __future__ import annotations

from sqlalchemy import text

__all__ = ["SETTLED", "WRITING"]

_LOCK = 0x73696E6B73  # "sinks", the key of the advisory lock

WRITING = text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})")
"""To be asked before a number is taken."""
SETTLED = text(f"SELECT pg_advisory_xact_lock({_LOCK})")
"""To be asked before the highest number is."""
