"""The statements behind stored responses. Whoever lets nothing be kept has none, from the moment that it is said."""

from __future__ import annotations

from sqlalchemy import text

__all__ = ["ERASE_OLD", "ERASE_UNWANTED_BY_KEYS", "ERASE_UNWANTED_BY_USERS", "FIND", "STORE"]

_LETS_KEEP = "users.deleted_at IS NULL AND NOT users.zero_data_retention AND api_keys.zero_data_retention IS NOT TRUE"

FIND = text(f"""
    SELECT stored.id, stored.user_id, stored.deleted_at, stored.items, stored.response
    FROM stored_responses AS stored
    JOIN users ON users.id = stored.user_id
    LEFT JOIN api_keys ON api_keys.id = stored.key_id
    WHERE stored.id = ANY (CAST(:ids AS uuid[])) AND stored.created_at > CAST(:since AS timestamptz) AND {_LETS_KEEP}
""")  # noqa: S608 - made of the names above

STORE = text(f"""
    INSERT INTO stored_responses (id, user_id, key_id, model, created_at, items, response)
    SELECT CAST(:id AS uuid), users.id, CAST(:key_id AS uuid), CAST(:model AS text),
        to_timestamp(CAST(:created AS double precision)), CAST(:items AS bytea), CAST(:response AS bytea)
    FROM users LEFT JOIN api_keys ON api_keys.id = CAST(:key_id AS uuid)
    WHERE users.id = CAST(:user_id AS uuid) AND {_LETS_KEEP}
    ON CONFLICT (id) DO NOTHING
""")  # noqa: S608 - made of the names above

ERASE_OLD = text("""
    DELETE FROM stored_responses WHERE id = ANY (ARRAY(
        SELECT id FROM stored_responses WHERE created_at <= CAST(:since AS timestamptz) ORDER BY created_at LIMIT :most
    ))
""")
ERASE_UNWANTED_BY_USERS = text("""
    DELETE FROM stored_responses WHERE id = ANY (ARRAY(
        SELECT stored.id FROM users JOIN stored_responses AS stored ON stored.user_id = users.id
        WHERE users.zero_data_retention OR users.deleted_at IS NOT NULL LIMIT :most
    ))
""")
ERASE_UNWANTED_BY_KEYS = text("""
    DELETE FROM stored_responses WHERE id = ANY (ARRAY(
        SELECT stored.id FROM api_keys JOIN stored_responses AS stored ON stored.key_id = api_keys.id
        WHERE api_keys.zero_data_retention LIMIT :most
    ))
""")
