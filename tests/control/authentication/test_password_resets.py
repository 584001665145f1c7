"""A forgotten password: the mail, the link, what it ends, and what strangers learn from asking."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
import stat
import uuid
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.control.authentication.people import PASSWORD, Member, is_in, member, signed_in
from tests.control.management import ADMIN_EMAIL, API, Management, answered, managed, refused, settings_for_tests

from control_layer.control.authentication.expiry import forget_expired
from control_layer.control.authentication.reset_requests import answer_reset_request

_ASK = "/authentication/password-resets"
_ANSWER = {"message": "If an account with that email exists, a password reset link has been sent."}
_NEW = "quite another password"
_BAD = "Invalid or expired reset token"


async def _mails(management: Management) -> list[EmailMessage]:
    """Everything that was sent, once nothing more is on its way."""
    assert await management.services.errands.finish(30)
    return [_read(path) for path in sorted(management.mail_directory.glob("*"))]


def _read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def _text(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def _link(message: EmailMessage) -> tuple[str, dict[str, str]]:
    """The link's id, and the body that confirms it."""
    match = re.search(r"^(http\S+)$", _text(message), re.MULTILINE)
    assert match is not None
    url = urlsplit(match[1])
    assert (url.scheme, url.netloc, url.path) == ("http", "localhost:3001", "/reset-password")
    values = parse_qs(url.query)
    return values["id"][0], {"token": values["token"][0], "new_password": _NEW}


async def _asked(management: Management, address: str, **headers: str) -> None:
    client = await management.client(**headers)
    assert await answered(client.post(_ASK, json={"email": address}), 200) == _ANSWER


async def _linked(management: Management, person: Member) -> tuple[str, dict[str, str]]:
    """A link that was mailed to them."""
    await _asked(management, person.email)
    return _link((await _mails(management))[-1])


async def _confirm(management: Management, link: tuple[str, dict[str, str]], **changes: str) -> httpx.Response:
    reset_id, body = link
    return await (await management.client()).post(f"{_ASK}/{reset_id}/confirm", json=body | changes)


async def _given(response: httpx.Response) -> httpx.Response:
    return response


async def _login(management: Management, person: Member, password: str) -> int:
    client = await management.client()
    return (await client.post("/authentication/login", json=person.login | {"password": password})).status_code


async def test_a_link_sets_a_new_password_and_ends_every_session(registering: Management) -> None:
    jo = await member(registering)
    other = await signed_in(registering, jo)
    link = await _linked(registering, jo)
    assert await is_in(jo.browser)
    done = await answered(_given(await _confirm(registering, link)), 200)
    assert done == {"message": "Password has been reset successfully"}
    assert [await is_in(browser) for browser in (jo.browser, other)] == [False, False]
    assert await _login(registering, jo, PASSWORD) == 401
    assert await _login(registering, jo, _NEW) == 200


async def test_the_mail_says_where_it_comes_from_and_what_to_do(registering: Management) -> None:
    jo = await member(registering)
    await _asked(registering, jo.email, **{"x-control-layer-peer": "192.0.2.7"})
    (mail,) = await _mails(registering)
    assert mail["To"] == jo.email
    assert mail["From"] == "Control Layer <no-reply@localhost>"
    assert mail["Subject"] == "Reset your password for Control Layer"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@localhost>")
    for kind in ("plain", "html"):
        text = _text(mail, kind)
        for said in ("http://localhost:3001", "from 192.0.2.7", "30 minutes", "Was it not you?", jo.email):
            assert said in text
    assert _link(mail)[1]["token"] in _text(mail, "html")


async def test_mails_are_for_this_users_eyes(registering: Management) -> None:
    jo = await member(registering)
    await _asked(registering, jo.email)
    await _mails(registering)
    (path,) = registering.mail_directory.iterdir()
    assert path.suffix == ".eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_asking_does_not_tell_whether_there_is_an_account(registering: Management) -> None:
    jo = await member(registering)
    passwordless = await registering.person()
    addresses = [jo.email, f"{passwordless.username}@example.org", "nobody@example.org", "", "no address", "x" * 10_000]
    answers = [await (await registering.client()).post(_ASK, json={"email": address}) for address in addresses]
    assert {(answer.status_code, answer.content, tuple(sorted(answer.headers))) for answer in answers} == {
        (200, answers[0].content, tuple(sorted(answers[0].headers)))
    }
    assert [mail["To"] for mail in await _mails(registering)] == [jo.email]


async def test_the_answer_waits_for_nothing_that_depends_on_the_account(registering: Management) -> None:
    jo = await member(registering)
    async with registering.engine.connect() as other:
        await other.exec_driver_sql("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")  # nobody looks an account up
        for address in (jo.email, "nobody@example.org"):
            await _asked(registering, address)
        assert not registering.mail_directory.exists()
        await other.rollback()
    assert [mail["To"] for mail in await _mails(registering)] == [jo.email]


async def test_a_link_works_once(registering: Management) -> None:
    jo = await member(registering)
    link = await _linked(registering, jo)
    await answered(_given(await _confirm(registering, link)), 200)
    await refused(_given(await _confirm(registering, link, new_password="a third password")), 400, _BAD)
    assert await _login(registering, jo, _NEW) == 200


async def test_of_those_who_use_a_link_at_once_one_succeeds(registering: Management) -> None:
    jo = await member(registering)
    link = await _linked(registering, jo)
    passwords = [f"password number {number}" for number in range(5)]
    answers = await asyncio.gather(*(_confirm(registering, link, new_password=password) for password in passwords))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 4
    (winner,) = [word for word, answer in zip(passwords, answers, strict=True) if answer.status_code == 200]
    assert await _login(registering, jo, winner) == 200


async def test_success_uses_up_all_links_of_the_person_and_nobody_elses(registering: Management) -> None:
    jo, al = await member(registering), await member(registering)
    first, second, als = [await _linked(registering, person) for person in (jo, jo, al)]
    await answered(_given(await _confirm(registering, second)), 200)
    await refused(_given(await _confirm(registering, first)), 400, _BAD)
    await answered(_given(await _confirm(registering, als)), 200)


async def test_a_change_of_password_uses_up_links(registering: Management) -> None:
    jo = await member(registering)
    link = await _linked(registering, jo)
    change = {"current_password": PASSWORD, "new_password": "changed meanwhile"}
    await answered(jo.browser.post("/authentication/password-change", json=change), 200)
    await refused(_given(await _confirm(registering, link)), 400, _BAD)


async def test_wrong_expired_and_foreign_links_are_refused_alike(registering: Management) -> None:
    jo, al = await member(registering), await member(registering)
    (jos_id, body), als = await _linked(registering, jo), await _linked(registering, al)
    await refused(_given(await _confirm(registering, (str(uuid.uuid4()), body))), 400, _BAD)
    await refused(_given(await _confirm(registering, (als[0], body))), 400, _BAD)
    for token in ("", "ä", "x" * 100, body["token"][:-1], body["token"].swapcase()):
        await refused(_given(await _confirm(registering, (jos_id, body), token=token)), 400, _BAD)
    await registering.sql("UPDATE password_resets SET expires_at = now()")
    await refused(_given(await _confirm(registering, (jos_id, body))), 400, _BAD)
    assert await _login(registering, jo, PASSWORD) == 200
    await forget_expired(registering.services)
    assert await registering.sql("SELECT 1 FROM password_resets") == []


async def test_a_refused_password_does_not_use_the_link_up(registering: Management) -> None:
    jo = await member(registering)
    link = await _linked(registering, jo)
    refusals = {
        "short": "Password must be at least 8 characters",
        "ä" * 33: "Password must be no more than 64 characters",
    }
    for password, text in refusals.items():
        await refused(_given(await _confirm(registering, link, new_password=password)), 400, text)
    await refused(_given(await _confirm(registering, ("nonsense", link[1]))), 400)
    await answered(_given(await _confirm(registering, link)), 200)


async def test_a_deleted_account_gets_no_link_and_its_links_are_none(registering: Management) -> None:
    jo = await member(registering)
    link = await _linked(registering, jo)
    await answered(registering.admin.delete(f"{API}/users/{jo.id}"), 204)
    await refused(_given(await _confirm(registering, link)), 400, _BAD)
    await _asked(registering, jo.email)
    assert len(await _mails(registering)) == 1


async def test_a_disabled_person_gets_no_link_and_their_links_are_none(registering: Management) -> None:
    jo = await member(registering)
    link = await _linked(registering, jo)
    await registering.sql("UPDATE users SET disabled_at = now() WHERE id = $1", uuid.UUID(jo.id))
    await refused(_given(await _confirm(registering, link)), 400, _BAD)
    await _asked(registering, jo.email)
    assert len(await _mails(registering)) == 1


async def test_the_database_knows_the_digest_of_a_link(registering: Management) -> None:
    jo = await member(registering)
    reset_id, body = await _linked(registering, jo)
    (row,) = await registering.sql("SELECT * FROM password_resets")
    assert str(row.id) == reset_id
    assert len(row.token_digest) == 32
    assert body["token"] not in str(row)
    assert len(body["token"]) == 43  # 256 bits


async def test_a_person_has_a_few_links_that_work(registering: Management) -> None:
    jo = await member(registering)
    for _ in range(7):
        await answer_reset_request(registering.services, jo.email, "")
    mails = await _mails(registering)
    assert len(mails) == 7
    await refused(_given(await _confirm(registering, _link(mails[1]))), 400, _BAD)
    await answered(_given(await _confirm(registering, _link(mails[2]))), 200)


async def test_asking_is_slowed_down_for_known_and_unknown_addresses_alike(registering: Management) -> None:
    jo = await member(registering)
    for address in (jo.email, "nobody@example.org"):
        client = await registering.client()
        answers = [await client.post(_ASK, json={"email": address}) for _ in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
        assert answers[-1].json()["error"] == "too_many_requests"
    # somebody else is not held up
    await _asked(registering, ADMIN_EMAIL)
    assert sorted(mail["To"] for mail in await _mails(registering)) == sorted([ADMIN_EMAIL, *[jo.email] * 5])


async def test_one_place_cannot_have_mails_sent_to_everybody(registering: Management) -> None:
    client = await registering.client(**{"x-control-layer-peer": "198.51.100.1"})
    answers = [await client.post(_ASK, json={"email": f"{number}@example.org"}) for number in range(52)]
    assert [answer.status_code for answer in answers] == [200] * 50 + [429] * 2
    await _asked(registering, "50@example.org", **{"x-control-layer-peer": "198.51.100.2"})


async def test_a_link_opens_the_door_to_who_was_shut_out_by_guessing(registering: Management) -> None:
    jo = await member(registering)
    assert [await _login(registering, jo, "a wrong guess") for _ in range(11)] == [401] * 10 + [429]
    assert await _login(registering, jo, PASSWORD) == 429
    await answered(_given(await _confirm(registering, await _linked(registering, jo))), 200)
    assert await _login(registering, jo, _NEW) == 200


@pytest.mark.parametrize(
    "address", ['"x\ny"@example.org', "a@example.org, b@example.org", "<a@example.org>", "a@b@c", "@"]
)
async def test_an_account_whose_address_is_none_gets_no_mail_and_harms_nobody(
    registering: Management, address: str
) -> None:
    body = {"username": "odd", "email": address, "password": PASSWORD}
    await answered((await registering.client()).post("/authentication/register", json=body), 201)
    await _asked(registering, address)
    assert await _mails(registering) == []
    await _asked(registering, ADMIN_EMAIL)
    assert len(await _mails(registering)) == 1


async def test_other_sites_cannot_ask(registering: Management) -> None:
    jo = await member(registering)
    link = await _linked(registering, jo)
    evil = {"origin": "https://evil.test"}
    client = await registering.client(**evil)
    await refused(client.post(_ASK, json={"email": jo.email}), 403)
    await refused(client.post(f"{_ASK}/{link[0]}/confirm", json=link[1]), 403)


async def test_the_host_a_request_names_is_in_no_mail(registering: Management) -> None:
    jo = await member(registering)
    await _asked(registering, jo.email, host="evil.test", **{"x-forwarded-host": "evil.test"})
    (mail,) = await _mails(registering)
    assert "evil.test" not in mail.as_string()
    assert "evil.test" not in _text(mail)


async def test_native_off_refuses_resets(database_url: str) -> None:
    async with managed(database_url, settings_for_tests()) as management:
        off = management.services.settings.auth.native.model_copy(update={"enabled": False})
        auth = management.services.settings.auth.model_copy(update={"native": off})
        object.__setattr__(management.services.settings, "auth", auth)
        client = await management.client()
        await refused(client.post(_ASK, json={"email": ADMIN_EMAIL}), 400, "Native authentication is disabled")
        body = {"token": "x", "new_password": _NEW}
        await refused(client.post(f"{_ASK}/{uuid.uuid4()}/confirm", json=body), 400)
