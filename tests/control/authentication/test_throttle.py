"""How guessing is slowed down, and that nobody can shut others out for ever, nor fill the memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.authentication import buckets
from control_layer.control.authentication.buckets import Buckets, Remembered, digest_of
from control_layer.control.authentication.peer import place_of
from control_layer.control.authentication.throttle import LoginThrottle, ResetThrottle
from control_layer.control.errors import TryLater

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_HOME = "192.0.2.1"
_ACCOUNT = "admin@example.org"


def _guess(throttle: LoginThrottle, peer: str, now: datetime = _NOW, account: str = _ACCOUNT) -> bool:
    """Whether a wrong password was looked at."""
    try:
        throttle.begin(account, peer, now)
    except TryLater:
        return False
    return True


def _sign_in(throttle: LoginThrottle, peer: str, now: datetime = _NOW) -> None:
    throttle.succeeded(throttle.begin(_ACCOUNT, peer, now), now)


def test_ten_guesses_at_once_then_one_every_half_minute() -> None:
    throttle = LoginThrottle()
    assert [_guess(throttle, _HOME) for _ in range(12)] == [True] * 10 + [False] * 2
    assert not _guess(throttle, _HOME, _NOW + timedelta(seconds=29))
    assert _guess(throttle, _HOME, _NOW + timedelta(seconds=31))
    assert not _guess(throttle, _HOME, _NOW + timedelta(seconds=32))


def test_the_refusal_says_when_to_come_again() -> None:
    throttle = LoginThrottle()
    for _ in range(10):
        _guess(throttle, _HOME)
    with pytest.raises(TryLater) as refusal:
        throttle.begin(_ACCOUNT, _HOME, _NOW)
    assert _guess(throttle, _HOME, _NOW + timedelta(seconds=refusal.value.retry_after_seconds))


def test_guessing_elsewhere_does_not_shut_a_person_out() -> None:
    throttle = LoginThrottle()
    assert sum(_guess(throttle, "198.51.100.1") for _ in range(50)) == 10
    assert _guess(throttle, _HOME)


def test_guessing_everywhere_shuts_nobody_out_of_where_they_have_signed_in() -> None:
    throttle = LoginThrottle()
    _sign_in(throttle, _HOME)
    looked_at = sum(_guess(throttle, f"198.51.100.{host}") for host in range(250) for _ in range(10))
    assert looked_at == 50  # a distributed guesser gets no further
    assert not _guess(throttle, "203.0.113.1")  # nor, while it lasts, does anybody from a new place
    for day in range(30):
        at = _NOW + timedelta(days=day)
        for host in range(250):
            _guess(throttle, f"198.51.100.{host}", at)
        _sign_in(throttle, _HOME, at)


def test_who_proves_the_account_theirs_can_sign_in_whoever_guesses() -> None:
    throttle = LoginThrottle()
    while _guess(throttle, _HOME):
        pass
    for host in range(250):
        _guess(throttle, f"198.51.100.{host}")
    throttle.proven(_ACCOUNT.upper(), _HOME)
    _sign_in(throttle, _HOME)


def test_right_passwords_do_not_count() -> None:
    throttle = LoginThrottle()
    for _ in range(1000):
        _sign_in(throttle, _HOME)


def test_passwords_nobody_looked_at_do_not_count() -> None:
    throttle = LoginThrottle()
    for _ in range(1000):
        throttle.undecided(throttle.begin(_ACCOUNT, _HOME, _NOW), _NOW)


def test_one_place_cannot_try_everybody() -> None:
    throttle = LoginThrottle()
    assert sum(_guess(throttle, _HOME, account=f"{number}@example.org") for number in range(500)) == 300


def test_an_account_is_the_same_however_its_address_is_written() -> None:
    throttle = LoginThrottle()
    spellings = (_ACCOUNT, _ACCOUNT.upper(), _ACCOUNT.title())
    assert sum(_guess(throttle, _HOME, account=spelling) for spelling in spellings for _ in range(10)) == 10


@pytest.mark.parametrize(
    ("peer", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0db8:0001:0002::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("not an address", "not an address"),
    ],
)
def test_a_place_is_an_address_or_a_network_of_ipv6(peer: str, place: str) -> None:
    assert place_of(peer) == place


def test_memory_is_bounded_whatever_the_names_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "_MAX_NAMES", 100)
    some, remembered = Buckets(size=1, rate=1.0), Remembered()
    for number in range(1000):
        name = digest_of(f"{number}" + "x" * 10_000)
        assert len(name) == 16
        some.take(name, 0.0)
        remembered.add(name)
    assert len(some) == 100
    assert digest_of("0" + "x" * 10_000) not in remembered
    assert digest_of("999" + "x" * 10_000) in remembered


def test_names_are_not_taken_for_one_another() -> None:
    assert digest_of("a", "bc") != digest_of("ab", "c") != digest_of("abc")


@given(st.lists(st.tuples(st.sampled_from(["take", "wait", "back"]), st.floats(0, 10)), max_size=50))
def test_a_bucket_never_holds_more_than_its_size(steps: list[tuple[str, float]]) -> None:
    some, at, name = Buckets(size=3, rate=0.5), 0.0, digest_of("x")
    for step, later in steps:
        at += later
        if step == "back":
            some.give_back(name, at)
        elif step == "take" and some.wait(name, at) == 0:
            some.take(name, at)
    taken = 0
    while some.wait(name, at) == 0:
        some.take(name, at)
        taken += 1
    assert taken <= 3


def test_asking_for_mails_is_slow_for_an_address_and_for_a_place() -> None:
    throttle = ResetThrottle()

    def asked(address: str, peer: str, now: datetime = _NOW) -> bool:
        try:
            throttle.take(address, peer, now)
        except TryLater:
            return False
        return True

    assert sum(asked("jo@example.org", f"192.0.2.{host}") for host in range(20)) == 5
    assert asked("JO@example.org", _HOME, _NOW + timedelta(minutes=11))
    assert not asked("jo@example.org", _HOME, _NOW + timedelta(minutes=12))
    assert sum(asked(f"{number}@example.org", "2001:db8::1") for number in range(100)) == 50
