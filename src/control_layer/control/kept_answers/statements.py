"""The statements behind the kept answers that hosts share."""

from __future__ import annotations

from sqlalchemy import text

__all__ = ["EXPIRED", "FIND", "LOCK", "OVER", "PURGED_MODELS", "PURGED_PEOPLE", "SIZE", "STORE", "USED"]

FIND = text("""
    SELECT digest, answer, key_id::text, user_id::text, purge_generation,
        CAST(extract(epoch FROM expires_at - now()) AS double precision) AS seconds
    FROM kept_answers WHERE digest = ANY (CAST(:digests AS bytea[])) AND expires_at > now()
""")

USED = text("""
    UPDATE kept_answers SET used_at = now()
    WHERE digest = ANY (CAST(:digests AS bytea[])) AND used_at < now() - interval '1 minute'
""")

STORE = text("""
    INSERT INTO kept_answers AS kept (
        digest, model_id, generation, key_id, user_id, purge_generation, expires_at, size_bytes, answer
    ) VALUES (
        :digest, CAST(:model_id AS uuid), :generation, CAST(:key_id AS uuid), CAST(:user_id AS uuid),
        :purge_generation, now() + make_interval(secs => :seconds), :size_bytes, :answer
    )
    ON CONFLICT (digest) DO UPDATE SET generation = excluded.generation, key_id = excluded.key_id,
        user_id = excluded.user_id, purge_generation = excluded.purge_generation, expires_at = excluded.expires_at,
        used_at = excluded.used_at, size_bytes = excluded.size_bytes, answer = excluded.answer
""")

LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")

EXPIRED = text("DELETE FROM kept_answers WHERE expires_at <= now()")

# Gateways give none of these again: their room is free for others, and what was to be forgotten is gone.
PURGED_MODELS = text("""
    DELETE FROM kept_answers AS kept USING models WHERE models.id = kept.model_id AND (
        models.deleted_at IS NOT NULL
        OR coalesce((models.traffic_policy ->> 'cache_generation')::bigint, 0) > kept.generation
        OR (models.traffic_policy -> 'caching' ->> 'shared') IS DISTINCT FROM 'true'
    )
""")
PURGED_PEOPLE = text("""
    DELETE FROM kept_answers AS kept USING answer_purges AS purge
    WHERE purge.subject_id IN (kept.key_id, kept.user_id) AND purge.generation > kept.purge_generation
""")

SIZE = text("SELECT count(*) AS entries, coalesce(sum(size_bytes), 0)::bigint AS size_bytes FROM kept_answers")

# Those used last stay, as many as there is room for.
OVER = text("""
    DELETE FROM kept_answers WHERE digest IN (
        SELECT digest FROM (
            SELECT digest, sum(size_bytes) OVER (ORDER BY used_at DESC, digest) AS size_bytes FROM kept_answers
        ) AS ranked WHERE size_bytes > :most_bytes
    )
""")
