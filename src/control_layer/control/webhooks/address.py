"""Where messages may go. What a name stands for is looked at when it is connected to, and not before."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from control_layer.control.endpoints.provider_url import BadProviderUrl, normalised
from control_layer.control.errors import invalid

__all__ = ["ForbiddenAddress", "addresses_of", "checked_url"]

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1"})
_METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200")})
"""Where clouds tell their machines secrets, apart from link-local addresses."""


class ForbiddenAddress(Exception):
    """No message goes there; says why."""


def checked_url(text: str, *, allow_private: bool) -> str:
    """The URL as it is stored. Raises 400."""
    try:
        url = normalised(text, query=True)
    except BadProviderUrl:
        raise invalid(
            "url must be a URL such as https://example.org/hook, without credentials", code="bad_url"
        ) from None
    split = urlsplit(url)
    host = split.hostname or ""
    if split.scheme != "https" and host not in _THIS_MACHINE:
        raise invalid("url must begin with https:// (http:// is for localhost and 127.0.0.1 only)", code="bad_url")
    try:
        _check(ipaddress.ip_address(host), allow_private=allow_private)
    except ForbiddenAddress as error:
        raise invalid(f"url: {error}", code="forbidden_address") from None
    except ValueError:
        pass  # a name
    return url


async def addresses_of(host: str, port: int, *, allow_private: bool) -> Sequence[str]:
    """The addresses a name stands for now, all of which must be allowed. Raises `ForbiddenAddress`, `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        _check(ipaddress.ip_address(address.partition("%")[0]), allow_private=allow_private)
    return addresses


def _check(address: ipaddress.IPv4Address | ipaddress.IPv6Address, *, allow_private: bool) -> None:
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA:
        raise ForbiddenAddress(f"{address} is an address that no message goes to")
    if not allow_private and not address.is_global:
        setting = "background_services.notifications.webhooks.allow_private_addresses"
        raise ForbiddenAddress(f"{address} is a private address, which {setting} forbids")
