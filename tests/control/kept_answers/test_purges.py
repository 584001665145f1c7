"""Purges of what is kept for a key or a user: each later than those before, in the audit log, and forgotten in time."""

from __future__ import annotations

import uuid

from tests.control.management import API, Management, answered, refused

from control_layer.control.kept_answers.purges import forget_old_purges


async def test_what_is_kept_for_a_key_or_a_user_is_purged_and_written_down(management: Management) -> None:
    person = await management.person()
    key = await answered(person.client.post(f"{API}/users/current/api-keys", json={"name": "k"}), 201)
    urls = {"key": f"{API}/users/current/api-keys/{key['id']}/purge-cache", "user": f"{API}/users/current/purge-cache"}
    generations = []
    for scope in ("key", "user", "key"):
        await answered(person.client.post(urls[scope]), 204)
        subject = uuid.UUID(key["id"] if scope == "key" else person.id)
        ((generation, found),) = await management.sql(
            "SELECT generation, scope FROM answer_purges WHERE subject_id = $1", subject
        )
        generations.append(generation)
        assert found == scope
    assert generations == sorted(set(generations)), "each is later than those before"
    logged = await management.sql("SELECT operation, actor FROM audit_log WHERE resource = 'answer_purges' ORDER BY 1")
    assert [tuple(row) for row in logged] == [(what, f"user:{person.id}") for what in ("create", "create", "update")]
    for url in (f"{API}/users/current/api-keys/{uuid.uuid4()}/purge-cache", f"{API}/users/{uuid.uuid4()}/purge-cache"):
        await refused(management.admin.post(url), 404)


async def test_purges_that_nothing_is_left_from_before_are_forgotten_without_a_word(management: Management) -> None:
    person = await management.person()
    await answered(person.client.post(f"{API}/users/current/purge-cache"), 204)
    await forget_old_purges(management.services)
    assert len(await management.sql("SELECT scope FROM answer_purges")) == 1
    await management.sql("UPDATE answer_purges SET purged_at = now() - interval '32 days'")
    ((before,),) = await management.sql("SELECT count(*) FROM audit_log")
    await forget_old_purges(management.services)
    assert await management.sql("SELECT scope FROM answer_purges") == []
    assert await management.sql("SELECT count(*) FROM audit_log") == [(before,)]
