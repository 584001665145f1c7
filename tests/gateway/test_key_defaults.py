"""Which keys have the rate of their owner's tier."""

from __future__ import annotations

import msgspec
import pytest

from control_layer.contract.limits import Limit, TierRate
from control_layer.contract.snapshot import SYSTEM_USER, Key, User
from control_layer.gateway.policy.key_defaults import KeyDefaults, is_default

_KEY = Key(b"d" * 32, "k", "u")
_USER = User("u", ("everyone",))
_BOTH = KeyDefaults(verified=TierRate(9.0, 20.0), unverified=TierRate(0.5, 1.0))


def test_a_key_has_what_its_owners_tier_has() -> None:
    low = _BOTH.limit_of(_KEY, _USER, ())
    high = _BOTH.limit_of(_KEY, msgspec.structs.replace(_USER, verified=True), ())
    assert low is not None
    assert high is not None
    assert (low.amount, low.burst, low.scope, low.scope_id, low.kind) == (0.5, 1.0, "key", "k", "requests")
    assert (high.amount, high.burst) == (9.0, 20.0)
    assert low.id == high.id, "who is verified goes on with what is left"
    assert is_default(low.id)


def test_a_rate_of_its_own_goes_before_and_other_limits_stand_beside() -> None:
    own = Limit("k", "ci", "key", "k", "requests", 100.0)
    beside = Limit("other", "tokens", "key", "k", "tokens", 100.0)
    assert _BOTH.limit_of(_KEY, _USER, (beside, own)) is None
    assert _BOTH.limit_of(_KEY, _USER, (beside,)) is not None
    assert not is_default(own.id)


@pytest.mark.parametrize("purpose", ["batch", "platform"])
def test_purposes_without_tiers_have_none(purpose: str) -> None:
    key = msgspec.structs.replace(_KEY, purpose=purpose)
    assert _BOTH.limit_of(key, _USER, ()) is None


def test_neither_have_the_system_key_nor_keys_of_a_tier_that_has_no_rate() -> None:
    assert _BOTH.limit_of(_KEY, User(SYSTEM_USER, ()), ()) is None
    only_verified = KeyDefaults(verified=TierRate(1.0, 1.0))
    assert only_verified.limit_of(_KEY, _USER, ()) is None
