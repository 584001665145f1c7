"""Asks a provider which models it serves, and says in plain words what went wrong where it does not answer.

The request goes where the gateway's requests will go (`contract.endpoint_url`), with the same credential and the same
trust. Answers are bounded in time and size, and redirects are not followed to other places: they would take the
credential along.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from control_layer import __version__
from control_layer.contract.aws import Signer, models_origin
from control_layer.contract.cloud_credentials import BadCredential, cloud_credential, header_for
from control_layer.contract.dialects import DIALECTS, DialectOptions
from control_layer.contract.token_grants import NoToken, TokenGrant, grant_for, read_token
from control_layer.control.endpoints.foreign_answer import amazons_words, hint
from control_layer.control.endpoints.listing import ListedModel, ListPage, ModelList, NotAModelList, model_list_of
from control_layer.control.endpoints.provider_url import origin_of
from control_layer.control.endpoints.signing import signer_of

__all__ = ["DiscoveryFailed", "NoModels", "Provider", "discover"]

_MAX_BYTES = 10 * 1024 * 1024
"""The largest known list (a few hundred models with prices and descriptions) is under 1 MB."""
_MAX_PAGES = 20
_NO_OPTIONS = DialectOptions()
_MAX_REDIRECTS = 3
_MAX_ERROR_BYTES = 64 * 1024
_BAD_KEY = b"API_KEY_INVALID"
"""Google's word for it, under status 400."""
_REFUSALS = {
    401: "The provider refused the API key (status 401). Check api_key, auth_header_name and auth_header_prefix",
    403: "The provider does not let this API key list models (status 403)",
    404: "The provider has no model list at {address} (status 404). Check the URL{usual}",
    429: "The provider limits our requests (status 429). Try again in a moment",
}


class DiscoveryFailed(Exception):
    """Why there is no list of models, in words for an administrator. Holds no credential."""


class NoModels(DiscoveryFailed):
    """The provider answered, but not with a list of models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """How to reach a provider."""

    url: str
    """As `provider_url.normalised` gives it."""
    credential: str | None = field(repr=False)
    auth_header_name: str
    auth_header_prefix: str
    verify_tls: bool
    ca_bundle: str | None
    """PEM text of extra certificate authorities."""
    dialect: str = "openai"
    options: DialectOptions = _NO_OPTIONS


async def discover(provider: Provider, *, timeout_seconds: float, ca_file: Path | None = None) -> list[ListedModel]:
    """The models that the provider lists; never more than `timeout_seconds`. Raises `DiscoveryFailed`.

    `ca_file` holds the certificate authorities that are trusted for all providers.
    """
    split = urlsplit(provider.url)
    origin = models_origin(provider.url) or f"{split.scheme}://{split.netloc}"
    model_list = model_list_of(provider.dialect, split.path, provider.options)
    if model_list is None:
        title = DIALECTS[provider.dialect].title
        raise DiscoveryFailed(
            f"{title} does not say which models there are: name them in model_filter, with skip_fetch"
        )
    trust = await asyncio.to_thread(_trust, provider, ca_file) if split.scheme == "https" else False
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            httpx.AsyncClient(base_url=origin, verify=trust, timeout=None) as client,  # noqa: S113 - bounded as a whole
        ):
            signer = await asyncio.to_thread(
                signer_of, provider.dialect, provider.credential, provider.url, provider.options
            )
            identification = {} if signer is not None else await _identification(provider, ca_file)
            return await _all_pages(client, provider, model_list, identification, signer)
    except BadCredential as error:
        raise DiscoveryFailed(f"The credential cannot be used. {error}") from None
    except TimeoutError:
        raise DiscoveryFailed(f"{origin} did not answer within {timeout_seconds:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise DiscoveryFailed(_explained(error, origin)) from error


def _trust(provider: Provider, ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities, the configured ones and the endpoint's own."""
    try:
        context = ssl.create_default_context()
        if ca_file is not None:
            context.load_verify_locations(cafile=ca_file)
        if provider.ca_bundle is not None:
            context.load_verify_locations(cadata=provider.ca_bundle)
    except (ssl.SSLError, OSError, ValueError) as error:
        raise DiscoveryFailed(f"The certificate authorities cannot be read: {error}") from error
    if not provider.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _identification(provider: Provider, ca_file: Path | None) -> dict[str, str]:
    """What identifies us: the credential, or the token that it buys."""
    if provider.credential is None:
        return {}
    account = cloud_credential(provider.credential)
    if account is None:
        header = (provider.auth_header_name, provider.auth_header_prefix)
        name, prefix = header_for(provider.dialect, header, provider.credential)
        return {name: prefix + provider.credential}
    grant = grant_for(account)
    trust = await asyncio.to_thread(_trust, replace(provider, verify_tls=True), ca_file)
    async with httpx.AsyncClient(verify=trust, timeout=None) as client:  # noqa: S113 - bounded as a whole
        return {"authorization": f"Bearer {await _token(client, grant)}"}


async def _token(client: httpx.AsyncClient, grant: TokenGrant) -> str:
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    where = origin_of(grant.url)
    try:
        async with client.stream("POST", grant.url, content=grant.form(time.time()), headers=headers) as response:
            said = await _body(response, _MAX_ERROR_BYTES)
        return read_token(response.status_code, said).value
    except httpx.HTTPError as error:
        raise DiscoveryFailed(_explained(error, where)) from error
    except NoToken as error:
        raise DiscoveryFailed(f"{where} gives no access token for this credential: {error}") from None


async def _all_pages(
    client: httpx.AsyncClient,
    provider: Provider,
    model_list: ModelList,
    identification: Mapping[str, str],
    signer: Signer | None,
) -> list[ListedModel]:
    models: dict[str, ListedModel] = {}
    wanted: ModelList | None = model_list
    while wanted is not None:
        after: str | None = None
        for _ in range(_MAX_PAGES):
            page = await _page(client, provider, wanted, after, identification, signer)
            for model in page.models:
                models.setdefault(model.id, model)
            after = page.next_after
            if after is None:
                break
        wanted = wanted.more
    return list(models.values())


async def _page(
    client: httpx.AsyncClient,
    provider: Provider,
    model_list: ModelList,
    after: str | None,
    identification: Mapping[str, str],
    signer: Signer | None,
) -> ListPage:
    headers = {
        **model_list.headers,
        **identification,
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": f"control-layer/{__version__}",
    }
    target = httpx.URL(model_list.target(after))
    for _ in range(_MAX_REDIRECTS + 1):
        if signer is not None:
            headers |= signer.headers("GET", str(client.base_url.join(target)), b"", time.time())
        async with client.stream("GET", target, headers=headers) as response:
            if response.next_request is not None:
                target = _same_origin(client, response.next_request.url)
                continue
            address = str(response.request.url.copy_with(query=None))
            if response.status_code != 200:
                said = await _body(response, _MAX_ERROR_BYTES)
                status = 401 if _BAD_KEY in said else response.status_code
                words = amazons_words(said) if provider.dialect == "bedrock" else ""
                raise DiscoveryFailed(
                    _refusal(status, address, provider) + words + hint(said, provider.dialect, provider.url)
                )
            body = await _body(response, _MAX_BYTES)
            if len(body) > _MAX_BYTES:
                raise NoModels(f"The provider's answer is larger than {_MAX_BYTES} bytes: that is no list of models")
            try:
                return model_list.read(body)
            except NotAModelList:
                why = hint(body, provider.dialect, provider.url) or f". Check the URL{_or_dialect(provider)}"
                raise NoModels(f"{address} answered, but not with a list of models{why}") from None
    raise DiscoveryFailed(f"{client.base_url} redirects in a circle")


def _same_origin(client: httpx.AsyncClient, target: httpx.URL) -> httpx.URL:
    base = client.base_url
    if (target.scheme, target.host, target.port) != (base.scheme, base.host, base.port):
        where = f"{target.scheme}://{target.netloc.decode('ascii', 'replace')}"
        raise DiscoveryFailed(f"{base} redirects to {where}. If that is the provider, use its address as the URL")
    return target


def _refusal(status: int, address: str, provider: Provider) -> str:
    known = _REFUSALS.get(status)
    if known is not None:
        usual = _or_dialect(provider) or "; it usually ends in /v1"
        return known.format(address=address, usual=usual)
    return f"{address} answered with status {status} instead of a list of models"


def _or_dialect(provider: Provider) -> str:
    return "" if provider.dialect == "openai" else f", and whether the dialect is '{provider.dialect}'"


async def _body(response: httpx.Response, limit: int) -> bytes:
    """As much of it as is needed to see that it is longer than `limit`."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)


def _explained(error: Exception, origin: str) -> str:
    """What kept us from an answer. The innermost cause knows; its text holds addresses at most."""
    if isinstance(error, httpx.RemoteProtocolError):
        return f"{origin} closed the connection or sent no HTTP. Is it http or https, and is the port right?"
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    host = urlsplit(origin).hostname
    match cause:
        case socket.gaierror():
            return f"The name {host} cannot be resolved. Check the URL, or this machine's DNS"
        case ConnectionRefusedError():
            return f"{origin} refused the connection. Is the provider running, and is the port right?"
        case ssl.SSLCertVerificationError():
            reason = cause.verify_message
            return f"The TLS certificate of {origin} is not trusted: {reason}. Add its authority in ca_bundle"
        case ssl.SSLError():
            return f"TLS with {origin} failed ({cause.reason}). Is it https, and is the port right?"
        case ConnectionResetError():
            return f"{origin} closed the connection. Is it http or https?"
        case _:
            return f"{origin} cannot be reached: {type(error).__name__}"
