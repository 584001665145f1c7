"""What a trusted proxy says about the person it signed in: header fields, read only from where they may come (§2.4)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.datastructures import Headers

from control_layer.control.federation.imported_groups import importable
from control_layer.settings import ProxyHeader

__all__ = ["ProxyClaim", "ProxyHeaders"]

_PEER = "x-control-layer-peer"  # set by the gateway, which drops what a client sends under this name
_MAX_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyClaim:
    """Who is calling, on the proxy's word."""

    external_id: str
    email: str
    """The external id where the proxy sends nothing else."""
    provider: str | None
    groups: frozenset[str] | None
    """Groups of `provider`; `None` where none are imported."""

    @property
    def digest(self) -> bytes:
        """Of all that is claimed."""
        groups = None if self.groups is None else sorted(self.groups)
        return hashlib.sha256(json.dumps([self.external_id, self.email, self.provider, groups]).encode()).digest()


class ProxyHeaders:
    """Reads the fields that the settings name."""

    def __init__(self, settings: ProxyHeader) -> None:
        self._settings = settings
        self._networks = [ip_network(network) for network in settings.trusted_peers]
        self._ignored = frozenset(settings.blacklisted_sso_groups)

    def claim(self, headers: Headers) -> ProxyClaim | None:
        """The claim; `None` without one, from a peer that is not the proxy, or where a field came twice.

        A field that is there twice was sent by the client and not dropped by the proxy: which one is the proxy's
        cannot be known.
        """
        settings = self._settings
        names = (settings.header_name, settings.email_header_name)
        imports = (settings.groups_field_name, settings.provider_field_name) if settings.import_idp_groups else ()
        if not settings.enabled or any(len(headers.getlist(name)) > 1 for name in (*names, *imports)):
            return None
        external_id, email = (_text(headers.get(name)) for name in names)
        email = email or external_id
        if not external_id or max(len(external_id), len(email)) > _MAX_LENGTH or not self._is_proxy(headers):
            return None
        provider, groups = self._groups(headers) if imports else (None, None)
        return ProxyClaim(external_id=external_id, email=email, provider=provider, groups=groups)

    def _is_proxy(self, headers: Headers) -> bool:
        if not self._networks:
            return True
        try:
            peer = ip_address(headers.get(_PEER, ""))
        except ValueError:
            return False
        if isinstance(peer, IPv6Address) and peer.ipv4_mapped is not None:
            peer = peer.ipv4_mapped
        return any(peer in network for network in self._networks)

    def _groups(self, headers: Headers) -> tuple[str | None, frozenset[str] | None]:
        """Without a provider nothing is imported. With one, no field means no groups: so some proxies say it."""
        provider = _text(headers.get(self._settings.provider_field_name))
        if not provider or len(provider) > _MAX_LENGTH:
            return None, None
        names = _text(headers.get(self._settings.groups_field_name)).split(",")
        return provider, importable(names) - self._ignored


def _text(value: str | None) -> str:
    """Header fields are bytes; proxies mostly mean UTF-8 by them, and the framework reads Latin-1."""
    if value is None:
        return ""
    try:
        return value.encode("latin-1").decode().strip()
    except UnicodeError:
        return value.strip()
