"""TLS settings for both roles: TLS 1.2 or newer, HTTP/1.1 only, certificates verified unless told otherwise."""

from __future__ import annotations

import ssl

__all__ = ["client_context", "server_context"]

_PROTOCOLS = ["http/1.1"]


def client_context(*, ca_file: str | None = None, ca_text: str | None = None, verify: bool = True) -> ssl.SSLContext:
    """A context for connections to servers: the system's trust, and what `ca_file` and `ca_text` (PEM) add.

    Raises OSError (ssl.SSLError among them) where a bundle cannot be read.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(_PROTOCOLS)
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    if ca_text:
        context.load_verify_locations(cadata=ca_text)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """A context for a listener, from PEM files. Raises OSError where they cannot be read or do not match."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(_PROTOCOLS)
    context.load_cert_chain(certificate, key)
    return context
