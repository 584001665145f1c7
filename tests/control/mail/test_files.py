"""Mails as files: whole, private, in order of arrival, and not more and more of them."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from control_layer.control.mail import files
from control_layer.control.mail.files import FileTransport
from control_layer.control.mail.letter import Letter, compose
from control_layer.control.mail.transport import MailDelayed

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _message(subject: str, to: str = "jo@example.org") -> EmailMessage:
    letter = Letter(kind="test", to=to, subject=subject, paragraphs=("text",))
    return compose(letter, "a@example.org", _NOW)


def _contents(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(directory.iterdir())]


async def test_files_are_private_and_whole(tmp_path: Path) -> None:
    directory = tmp_path / "mail"
    await FileTransport(directory).send(_message("Hello"))
    (path,) = sorted(directory.iterdir())
    assert path.suffix == ".eml"
    assert (stat.S_IMODE(directory.stat().st_mode), stat.S_IMODE(path.stat().st_mode)) == (0o700, 0o600)
    assert b"\r\nSubject: Hello\r\n" in path.read_bytes()


async def test_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_MAX_FILES", 3)
    for number in range(5):
        await FileTransport(tmp_path).send(_message(f"Number {number}"))
    kept = _contents(tmp_path)
    assert len(kept) == 3
    for number, content in zip((2, 3, 4), kept, strict=True):
        assert f"Number {number}".encode() in content


async def test_an_address_beyond_ascii_is_kept_as_it_is(tmp_path: Path) -> None:
    await FileTransport(tmp_path).send(_message("Hello", "jö@exämple.org"))
    (content,) = _contents(tmp_path)
    assert "To: jö@exämple.org".encode() in content


async def test_a_directory_that_cannot_be_made_delays_the_mail(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file is in the way")
    with pytest.raises(MailDelayed, match="cannot be written"):
        await FileTransport(tmp_path / "mail").send(_message("Hello"))
