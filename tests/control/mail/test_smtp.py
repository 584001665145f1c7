"""Mails handed to a real mail server: encrypted or not at all, to one recipient, tried again while it makes sense."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from structlog.testing import capture_logs
from tests.control.mail.server import PASSWORD, USERNAME, MailServer, mail_server, server_tls

from control_layer.control.mail.letter import Letter, Link
from control_layer.control.mail.post import Post, open_post
from control_layer.control.mail.smtp import SmtpTransport
from control_layer.settings import Email, Smtp

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SECRET = "https://x.example.org/?token=the-secret-of-the-link"
_LETTER = Letter(kind="test", to="jo@example.org", subject="Hello", paragraphs=("A text.", Link(_SECRET)))
_SENDER = "Control Layer <no-reply@gateway.example.org>"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Whom the gateway trusts."""
    return trustme.CA()


def _post(server: MailServer, *, tries: int = 1, **settings: Any) -> Post:
    smtp = Smtp.model_validate({"host": "127.0.0.1", "port": server.port, "timeout": "30s"} | settings)
    return Post(_SENDER, SmtpTransport(smtp), pauses_seconds=(0.0,) * (tries - 1))


@contextmanager
def _starttls(authority: trustme.CA, tmp_path: Path) -> Iterator[tuple[MailServer, dict[str, Any]]]:
    """A server that takes logins, after STARTTLS, and the settings for it."""
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    login = {"username": USERNAME, "password": PASSWORD}
    with mail_server(tls_context=server_tls(authority), require_starttls=True, auth_required=True) as server:
        yield server, {"security": "starttls", "ca_bundle": str(bundle), **login}


async def test_starttls_and_a_login(authority: trustme.CA, tmp_path: Path) -> None:
    with _starttls(authority, tmp_path) as (server, settings):
        assert await _post(server, **settings).deliver(_LETTER, _NOW)
        (envelope,), (session,) = server.taken, server.sessions
    assert session.ssl is not None
    assert server.logins == [True]
    assert session.host_name == "gateway.example.org"
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@gateway.example.org", ["jo@example.org"])
    content = envelope.content
    assert isinstance(content, bytes)
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert (message["From"], message["To"], message["Subject"]) == (_SENDER, "jo@example.org", "Hello")


async def test_tls_from_the_first_byte(authority: trustme.CA, tmp_path: Path) -> None:
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with mail_server(ssl_context=server_tls(authority)) as server:
        assert await _post(server, security="tls", ca_bundle=str(bundle)).deliver(_LETTER, _NOW)
        assert len(server.taken) == 1


async def test_in_clear_only_when_told_so() -> None:
    with mail_server() as server:
        with capture_logs() as logs:
            assert not await _post(server, tries=3).deliver(_LETTER, _NOW)
        assert [entry["event"] for entry in logs] == ["mail_not_sent"]
        assert server.taken == []
        assert await _post(server, security="none").deliver(_LETTER, _NOW)
        assert len(server.taken) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "elsewhere.example.org"])
async def test_a_certificate_that_is_not_trusted_or_for_another_host_gets_nothing(
    authority: trustme.CA, tmp_path: Path, host: str
) -> None:
    bundle = tmp_path / "authority.pem"
    trusted = trustme.CA() if host == "127.0.0.1" else authority
    trusted.cert_pem.write_to_path(str(bundle))
    with mail_server(tls_context=server_tls(authority, host), require_starttls=True) as server:
        with capture_logs() as logs:
            assert not await _post(server, ca_bundle=str(bundle)).deliver(_LETTER, _NOW)
        assert server.taken == []
    assert "certificate is not trusted" in logs[-1]["reason"]


async def test_a_wrong_password_is_told_once_and_not_shown(authority: trustme.CA, tmp_path: Path) -> None:
    with _starttls(authority, tmp_path) as (server, settings), capture_logs() as logs:
        post = _post(server, tries=3, **settings | {"password": "a wrong password"})
        assert not await post.deliver(_LETTER, _NOW)
    assert set(server.logins) == {False}
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("mail_not_sent", "error")]
    assert "535" in logs[0]["reason"]
    assert "a wrong password" not in str(logs)


async def test_what_is_not_taken_for_now_is_tried_again() -> None:
    with mail_server() as server, capture_logs() as logs:
        server.answers = ["451 busy", "421 later"]
        assert await _post(server, tries=3, security="none").deliver(_LETTER, _NOW)
        assert len(server.taken) == 1
    assert [entry["event"] for entry in logs] == ["mail_delayed", "mail_delayed"]


async def test_after_a_few_tries_it_is_given_up_and_told_without_the_link() -> None:
    with mail_server() as server, capture_logs() as logs:
        server.answers = [f"451 I will not take {_SECRET}"] * 9
        assert not await _post(server, tries=3, security="none").deliver(_LETTER, _NOW)
        assert len(server.answers) == 6
    assert [entry["event"] for entry in logs] == ["mail_delayed", "mail_delayed", "mail_not_sent"]
    assert logs[-1]["kind"] == "test"
    for secret in ("the-secret-of-the-link", "jo@example.org"):
        assert secret not in str(logs)


async def test_what_is_refused_for_good_is_not_tried_again() -> None:
    with mail_server() as server, capture_logs() as logs:
        server.answers = [f"554 I will never take {_SECRET}"] * 2
        assert not await _post(server, tries=3, security="none").deliver(_LETTER, _NOW)
        assert len(server.answers) == 1
    assert logs[-1]["event"] == "mail_not_sent"
    assert "554" in logs[-1]["reason"]
    assert "the-secret" not in str(logs)


async def test_a_server_that_is_away_or_silent_is_waited_for_so_long_and_no_longer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = MailServer(port=silent.getsockname()[1])
        with capture_logs() as logs:
            async with asyncio.timeout(60):
                assert not await _post(server, tries=2, security="none", timeout="100ms").deliver(_LETTER, _NOW)
    assert [entry["event"] for entry in logs] == ["mail_delayed", "mail_not_sent"]
    with capture_logs() as logs:  # the port is nobody's now
        assert not await _post(server, tries=2, security="none").deliver(_LETTER, _NOW)
    assert [entry["event"] for entry in logs] == ["mail_delayed", "mail_not_sent"]


async def test_the_settings_choose_the_way(tmp_path: Path) -> None:
    with mail_server() as server:
        smtp = {"host": "127.0.0.1", "port": server.port, "security": "none"}
        settings = Email.model_validate({"transport": "smtp", "sender": "a@example.org", "smtp": smtp})
        assert await open_post(settings, tmp_path / "mail").deliver(_LETTER, _NOW)
        assert [envelope.mail_from for envelope in server.taken] == ["a@example.org"]
    assert not (tmp_path / "mail").exists()
    assert await open_post(Email(), tmp_path / "mail").deliver(_LETTER, _NOW)
    assert (tmp_path / "mail").is_dir()
