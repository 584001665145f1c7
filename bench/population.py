"""A company of any size, generated inside the database: deterministic but for the ids."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Population"]

_STATEMENTS = """
INSERT INTO groups (id, name, created_by)
SELECT gen_random_uuid(), 'group-' || n, gen_random_uuid() FROM generate_series(1, {groups}) n;

INSERT INTO users (id, username, email, display_name, auth_source, created_at)
SELECT gen_random_uuid(), 'user-' || n, 'user-' || n || '@example.org', 'User ' || md5(n::text), 'native',
       now() - n * interval '1 minute'
FROM generate_series(1, {users}) n;

INSERT INTO group_members (group_id, user_id)
SELECT g.id, u.id
FROM (SELECT id, row_number() OVER () AS r FROM users WHERE username LIKE 'user-%') u
JOIN (SELECT id, row_number() OVER () AS r FROM groups WHERE name LIKE 'group-%') g
ON g.r IN (u.r % {groups} + 1, u.r % 7 + 1, u.r % 31 + 1);

INSERT INTO api_keys (id, name, description, user_id, created_by, secret_digest, secret_prefix, created_at)
SELECT gen_random_uuid(), 'key', 'program of ' || username, id, id, sha256(id::text::bytea),
       'sk-' || left(md5(username), 4), created_at
FROM users WHERE username LIKE 'user-%';

INSERT INTO endpoints (id, name, url, created_by)
SELECT gen_random_uuid(), 'endpoint-' || n, 'http://provider.test/', gen_random_uuid() FROM generate_series(1, 20) n;

INSERT INTO models (id, model_name, alias, created_by, hosted_on)
SELECT gen_random_uuid(), 'model-' || n, 'model-' || n, gen_random_uuid(), e.id
FROM generate_series(1, {models}) n JOIN endpoints e ON e.name = 'endpoint-' || (n % 20 + 1);

INSERT INTO group_models (group_id, model_id)
SELECT g.id, m.id FROM models m JOIN groups g ON hashtext(g.name || m.alias) % 30 = 0;

ANALYZE
"""


@dataclass(frozen=True, slots=True)
class Population:
    """How many there are. A user has a key and is in three groups; a group may call a thirtieth of the models."""

    users: int
    models: int
    groups: int

    def statements(self) -> str:
        """SQL for a migrated database."""
        return _STATEMENTS.format(users=self.users, models=self.models, groups=self.groups)
