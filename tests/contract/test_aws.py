"""Requests to Amazon: whose keys, for which region, and signed so that the specification agrees."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_layer.contract.aws import AccessKeys, BadAccessKeys, Signer, access_keys, models_origin, region_of
from control_layer.simulator.bedrock.signature import KEY_ID, SECRET, check_signature
from control_layer.simulator.strictness import Refusal
from control_layer.wire import Request

_NOW = 1_790_000_000.0
_HOST = "bedrock-runtime.eu-west-1.amazonaws.com"


def test_access_keys_are_told_from_an_api_key() -> None:
    keys = access_keys(f"{KEY_ID}:{SECRET}")
    assert keys is not None
    assert (keys.key_id, keys.secret, keys.session_token) == (KEY_ID, SECRET, None)
    temporary = access_keys(f"{KEY_ID}:{SECRET}:IQoJb3JpZ2luX2VjE/+=")
    assert temporary is not None
    assert temporary.session_token == "IQoJb3JpZ2luX2VjE/+="
    assert access_keys("ABSKQmVkcm9ja0FQSUtleS0xMjM0") is None
    assert SECRET not in repr(keys)


@pytest.mark.parametrize(
    "credential",
    [KEY_ID, f"{KEY_ID}:", f"{KEY_ID}:{SECRET}:", f"{KEY_ID}:{SECRET}:token:more", f":{SECRET}", f"{SECRET}:{KEY_ID}",
     '{"AccessKeyId":"AKIASIMULATED0000000"}'],
)  # fmt: skip
def test_what_means_to_be_access_keys_and_is_none(credential: str) -> None:
    with pytest.raises(BadAccessKeys) as told:
        access_keys(credential)
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    ("url", "region", "models"),
    [
        (f"https://{_HOST}/", "eu-west-1", "https://bedrock.eu-west-1.amazonaws.com"),
        (
            "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com/",
            "us-gov-west-1",
            "https://bedrock-fips.us-gov-west-1.amazonaws.com",
        ),
        (
            "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/",
            "cn-north-1",
            "https://bedrock.cn-north-1.amazonaws.com.cn",
        ),
        ("https://vpce-0a1b-2c3d.bedrock-runtime.us-east-1.vpce.amazonaws.com/", "us-east-1", None),
        ("https://bedrock-runtime.us-east-1.amazonaws.com.evil.example/", None, None),
        ("https://evil.example/bedrock-runtime.us-east-1.amazonaws.com/", None, None),
        ("http://127.0.0.1:8080/bedrock", None, None),
    ],
)
def test_an_address_names_its_region_and_where_its_models_are_listed(
    url: str, region: str | None, models: str | None
) -> None:
    assert region_of(url) == region
    assert models_origin(url) == models


def _sent(path: str, query: str, body: bytes, token: str | None = None, now: float = _NOW) -> Request:
    target = path + (f"?{query}" if query else "")
    fields = Signer(AccessKeys(KEY_ID, SECRET, token), "eu-west-1").headers(
        "POST", f"https://{_HOST}{target}", body, now
    )
    headers = [(b"host", _HOST.encode()), *((name.encode(), value.encode()) for name, value in fields)]
    return Request(
        b"POST", target.encode(), headers, http_minor=1, content_length=len(body), has_body=True, upgrade=False, peer=""
    )


names = st.text(min_size=1, max_size=20).map(lambda name: quote(name, safe=""))
queries = st.dictionaries(names, names, max_size=3).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs.items())
)


@given(names, queries, st.binary(max_size=100), st.sampled_from([None, "token/+="]))
def test_any_request_is_signed_as_the_specification_says(name: str, query: str, body: bytes, token: str | None) -> None:
    check_signature(_sent(f"/model/{name}/converse", query, body, token), body, _NOW + 299)


def test_a_signature_is_for_one_request_and_five_minutes() -> None:
    sent = _sent("/model/m/converse", "", b"{}", "token")
    for body, now in ((b"[]", _NOW), (b"{}", _NOW + 301), (b"{}", _NOW - 301)):
        with pytest.raises(Refusal):
            check_signature(sent, body, now)
    check_signature(sent, b"{}", _NOW)
    sent.path = b"/model/n/converse"
    with pytest.raises(Refusal):
        check_signature(sent, b"{}", _NOW)


@pytest.mark.parametrize("name", [b"x-amz-security-token", b"x-amz-date", b"host"])
def test_a_signed_field_cannot_be_altered(name: bytes) -> None:
    sent = _sent("/model/m/converse", "", b"{}", "token")
    sent.headers = [(sent_name, b"other" if sent_name == name else value) for sent_name, value in sent.headers]
    with pytest.raises(Refusal):
        check_signature(sent, b"{}", _NOW)
