"""Who and what the records of the journals speak of, in the database."""

from __future__ import annotations

import asyncpg
from tests.recorder.journals import KEY, MODEL, USER

__all__ = ["populate", "put_a_price"]


async def populate(db: asyncpg.Connection) -> None:
    """The user, their key and the model, which nobody pays for."""
    await db.execute("INSERT INTO users (id, username, email, auth_source) VALUES ($1, 'u', 'u', 'native')", USER)
    await db.execute(
        "INSERT INTO api_keys (id, name, user_id, created_by, secret_digest, secret_prefix) "
        "VALUES ($1, 'k', $2, $2, '\\x00', 'sk-')",
        *(KEY, USER),
    )
    await db.execute(
        "INSERT INTO models (id, model_name, alias, is_composite, created_by) VALUES ($1, 'gpt', 'gpt', true, $2)",
        *(MODEL, USER),
    )


async def put_a_price(db: asyncpg.Connection) -> None:
    """A millionth for each token."""
    await db.execute(
        "INSERT INTO tariffs (id, model_id, name, input_price_per_token, output_price_per_token, api_key_purpose, "
        "valid_from) VALUES (gen_random_uuid(), $1, 't', 0.000001, 0.000001, 'realtime', '-infinity')",
        MODEL,
    )
