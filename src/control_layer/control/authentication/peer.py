"""From which address a request came, as the gateway saw it."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.requests import HTTPConnection

__all__ = ["peer_of", "place_of"]

_PEER = "x-control-layer-peer"  # set by the gateway, which drops what a client sends under this name
_LONGEST = 64
_SITE_BITS = 64


def peer_of(request: HTTPConnection) -> str:
    """The address at the other end of the gateway's connection; empty where there was no gateway."""
    return request.headers.get(_PEER, "")[:_LONGEST]


def place_of(peer: str) -> str:
    """The address as far as it tells one place from another: whoever has one address of IPv6 has the whole /64."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address) >> _SITE_BITS << _SITE_BITS, _SITE_BITS)))
