"""How fast passwords may be guessed, and how often a mail may be asked for.

Kept in memory, per host: it slows guessing down, it is no record of anything. `docs/signing-in.md` has the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from control_layer.control.authentication.buckets import Buckets, Digest, Remembered, digest_of
from control_layer.control.authentication.peer import place_of
from control_layer.control.errors import TryLater

__all__ = ["Attempt", "LoginThrottle", "ResetThrottle"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A password that is being tried: whose, and from where."""

    account: Digest
    place: Digest
    pair: Digest
    stranger: bool
    """Nobody has signed in to this account from this place lately."""


class LoginThrottle:
    """Counts an attempt before the password is looked at, so that attempts at once do not slip through.

    Three buckets of failures. What an account may be tried in all counts strangers only: whoever guesses from a hundred
    places shuts out other new places, but never those where the account's holder has signed in.
    """

    def __init__(self) -> None:
        self._pairs = Buckets(size=10, rate=1 / 30)
        self._accounts = Buckets(size=50, rate=1 / 30)
        # A place may be a load balancer with a whole company behind it, so this one only stops floods.
        self._places = Buckets(size=300, rate=1.0)
        self._known = Remembered()

    def begin(self, account: str, peer: str, now: datetime) -> Attempt:
        """Counts an attempt. Raises 429, for a right password as well, where there were too many wrong ones."""
        at, attempt = now.timestamp(), self._attempt(account, peer)
        buckets = self._buckets(attempt)
        wait = max(kind.wait(name, at) for kind, name in buckets)
        if wait > 0:
            message = "Too many failed logins; wait before you try again, or ask for a password reset"
            raise TryLater(429, message, retry_after_seconds=int(wait) + 1)
        for kind, name in buckets:
            kind.take(name, at)
        return attempt

    def undecided(self, attempt: Attempt, now: datetime) -> None:
        """The attempt does not count: nobody looked at the password."""
        for kind, name in self._buckets(attempt):
            kind.give_back(name, now.timestamp())

    def succeeded(self, attempt: Attempt, now: datetime) -> None:
        """The attempt does not count: the password was right. The place is the holder's from now on."""
        self.undecided(attempt, now)
        self._known.add(attempt.pair)

    def proven(self, account: str, peer: str) -> None:
        """Somebody there has shown that the account is theirs by other means: they can sign in at once."""
        attempt = self._attempt(account, peer)
        self._pairs.fill(attempt.pair)
        self._known.add(attempt.pair)

    def _attempt(self, account: str, peer: str) -> Attempt:
        account, place = account.casefold(), place_of(peer)
        pair = digest_of(account, place)
        return Attempt(digest_of(account), digest_of(place), pair, stranger=pair not in self._known)

    def _buckets(self, attempt: Attempt) -> list[tuple[Buckets, Digest]]:
        buckets = [(self._pairs, attempt.pair), (self._places, attempt.place)]
        return [*buckets, (self._accounts, attempt.account)] if attempt.stranger else buckets


class ResetThrottle:
    """How often a reset may be asked for: for one address, whether there is such an account or not, and from one place.

    An address's mails go to its holder whoever asked for them, so nobody is shut out by a stranger's asking.
    """

    def __init__(self) -> None:
        self._addresses = Buckets(size=5, rate=1 / 600)
        self._places = Buckets(size=50, rate=1 / 30)

    def take(self, address: str, peer: str, now: datetime) -> None:
        """Counts a request. Raises 429."""
        at = now.timestamp()
        address_digest, place = digest_of(address.casefold()), digest_of(place_of(peer))
        wait = max(self._addresses.wait(address_digest, at), self._places.wait(place, at))
        if wait > 0:
            message = "Too many password resets were asked for; look into your mail, or wait"
            raise TryLater(429, message, retry_after_seconds=int(wait) + 1)
        self._addresses.take(address_digest, at)
        self._places.take(place, at)
