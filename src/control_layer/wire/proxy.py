"""Which proxy a connection goes through, by the usual variables (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY).

NO_PROXY follows curl: names match themselves and their subdomains, a leading dot is ignored, `*` matches everything,
addresses may be given as networks, a port may be added.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from control_layer.wire.origin import Origin

__all__ = ["Proxy", "proxy_for"]


@dataclass(slots=True, frozen=True)
class Proxy:
    """An HTTP proxy. `authorization` is the value of Proxy-Authorization."""

    host: str
    port: int
    authorization: bytes | None = field(default=None, repr=False)


def proxy_for(origin: Origin, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy for an origin; `None` for a direct connection. Raises ValueError for a proxy URL of another kind."""
    if origin.scheme == "unix" or _exempt(origin, _variable(environment, "NO_PROXY")):
        return None
    url = _variable(environment, f"{origin.scheme.upper()}_PROXY") or _variable(environment, "ALL_PROXY")
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"only http:// proxies can be used, not {parts.scheme}://{parts.hostname}")
    authorization = None
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = b"Basic " + base64.b64encode(credentials.encode())
    return Proxy(parts.hostname, parts.port or 8080, authorization)


def _variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name.lower(), "") or environment.get(name, "")


def _exempt(origin: Origin, rules: str) -> bool:
    host = origin.host.lower().rstrip(".")
    for rule in (part.strip().lower() for part in rules.split(",")):
        if not rule:
            continue
        if rule == "*" or _in_network(host, rule):
            return True
        name, colon, port = rule.rpartition(":")
        if colon and port.isdigit() and (":" not in name or name.startswith("[")):
            if int(port) != origin.port:
                continue
            rule = name.strip("[]")
        rule = rule.lstrip(".")
        if host == rule or host.endswith("." + rule):
            return True
    return False


def _in_network(host: str, rule: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")) in ipaddress.ip_network(rule.strip("[]"), strict=False)
    except ValueError:
        return False
