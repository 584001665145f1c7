"""What a letter becomes: one recipient, no fields but ours, both kinds of text."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.mail.letter import Letter, Link, UnusableAddress, compose, domain_of

_NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_SENDER = "Control Layer <no-reply@gateway.example.org>"
_FIELDS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}


def _letter(to: str = "jo@example.org", subject: str = "Hello", text: str = "A text.") -> Letter:
    return Letter(kind="test", to=to, subject=subject, paragraphs=(text, Link("https://x.example.org/?a=1&b=2")))


def test_both_kinds_say_the_same_and_html_is_escaped() -> None:
    message = compose(_letter(text="<script>alert('ä')</script> & more"), _SENDER, _NOW)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content() == "<script>alert('ä')</script> & more\n\nhttps://x.example.org/?a=1&b=2\n"
    assert "<script>" not in html.get_content()
    assert '<a href="https://x.example.org/?a=1&amp;b=2">' in html.get_content()
    assert message["Date"].datetime == _NOW
    assert set(message.keys()) == _FIELDS


@given(to=st.text(max_size=60), subject=st.text(max_size=60), text=st.text(st.characters(codec="utf-8"), max_size=200))
def test_nothing_written_into_a_letter_adds_a_field_or_a_recipient(to: str, subject: str, text: str) -> None:
    try:
        message = compose(_letter(to, subject, text), _SENDER, _NOW)
    except UnusableAddress:
        return
    read = email.message_from_bytes(message.as_bytes(policy=email.policy.SMTPUTF8), policy=email.policy.default)
    assert set(read.keys()) == _FIELDS
    assert len(read["To"].addresses) == 1


@pytest.mark.parametrize(
    "to",
    [
        "jo@example.org\nBcc: al@example.org",
        "jo@example.org\r\n\r\nHello",
        "jo@example.org, al@example.org",
        "jo@example.org al@example.org",
        "Jo <jo@example.org>",
        "jo",
        "@example.org",
        "jo@",
        "",
        " ",
        "\x00@example.org",
    ],
)
def test_what_is_no_single_address_gets_no_letter(to: str) -> None:
    with pytest.raises(UnusableAddress) as refusal:
        compose(_letter(to), _SENDER, _NOW)
    assert "example" not in str(refusal.value)


def test_subjects_stay_on_one_line() -> None:
    message = compose(_letter(subject="A title\r\nBcc: al@example.org"), _SENDER, _NOW)
    assert message["Subject"] == "A title Bcc: al@example.org"
    assert "Bcc" not in message


def test_a_letter_shows_nobody_what_it_says() -> None:
    letter = _letter(text="a secret text")
    for hidden in ("jo@example.org", "a secret text", "x.example.org"):
        assert hidden not in repr(letter)
    assert "x.example.org" not in repr(letter.paragraphs)


def test_the_domain_is_the_senders() -> None:
    assert domain_of(_SENDER) == "gateway.example.org"
    assert domain_of("no-reply@localhost") == "localhost"
