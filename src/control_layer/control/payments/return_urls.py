"""Where a browser comes back to from a payment provider (§4.11). Pure."""

from __future__ import annotations

import uuid
from urllib.parse import quote, urlencode

__all__ = ["came_back", "portal_return_url", "portal_stub_url"]


def came_back(dashboard_url: str, outcome: str, session_id: str, *, user: uuid.UUID | None = None) -> str:
    """The page after a payment. `outcome` is `success` or `cancelled`; `user` is the creditee, if it was asked for.

    A session id may be a provider's placeholder in braces, which it replaces where they stand as they are.
    """
    query = {**({} if user is None else {"user": str(user)}), "payment": outcome}
    return f"{_page(dashboard_url)}?{urlencode(query)}&session_id={quote(session_id, safe='{}')}"


def portal_return_url(dashboard_url: str) -> str:
    """The page after a visit to the provider's portal."""
    return _page(dashboard_url)


def portal_stub_url(dashboard_url: str, customer: str) -> str:
    """Where a provider without a portal sends its customers."""
    return f"{_page(dashboard_url)}?{urlencode({'dummy_billing_portal': 'true', 'customer_id': customer})}"


def _page(dashboard_url: str) -> str:
    return f"{dashboard_url.rstrip('/')}/cost-management"
