"""Credentials of providers that want requests signed with them: checked when they are given, used for model lists."""

from __future__ import annotations

from control_layer.contract.aws import AccessKeys, BadAccessKeys, Signer, access_keys, region_of
from control_layer.contract.dialects import DialectOptions
from control_layer.control.errors import invalid

__all__ = ["check_signing", "signer_of"]


def check_signing(dialect: str, credential: str | None, url: str, options: DialectOptions) -> None:
    """Raises 400 for what Bedrock does not take: access keys for a region that is known, or an API key."""
    if dialect != "bedrock" or credential is None:
        return
    try:
        keys = access_keys(credential)
    except BadAccessKeys as error:
        raise invalid(
            f"{error}. Bedrock takes ACCESS_KEY_ID:SECRET_ACCESS_KEY as api_key, with :SESSION_TOKEN behind it for "
            "temporary ones, or an API key of Bedrock's",
            code="invalid_credential",
        ) from None
    if keys is not None and _region(url, options) is None:
        raise invalid(
            "Requests are signed for a region, which this address does not name: say it in options.region, such as "
            "eu-central-1",
            code="invalid_options",
        )


def signer_of(dialect: str, credential: str | None, url: str, options: DialectOptions) -> Signer | None:
    """For requests to that provider; `None` where the credential is sent as it is. Loads a library: not in the loop."""
    keys: AccessKeys | None = None
    if dialect == "bedrock" and credential is not None:
        keys = access_keys(credential)
    region = _region(url, options)
    return None if keys is None or region is None else Signer(keys, region)


def _region(url: str, options: DialectOptions) -> str | None:
    return options.region or region_of(url)
