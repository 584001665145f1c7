"""How the control plane asks its own gateways: past proxies, by address, trusting one certificate."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from bench.processes import GatewayProcess, World, simulator, start_gateway

from control_layer.control.api_keys.secret import KeySecret
from control_layer.control.config import GatewayAddress
from control_layer.control.own_gateway import GatewayAnswer, GatewayUnreachable, OwnGateway
from control_layer.control.system_key import system_key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`own.pem` and `other.pem`, key and chain, of one authority."""
    directory = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA().create_child_ca()
    for name in ("own", "other"):
        certificate = authority.issue_cert("gateway.example.org")
        certificate.private_key_and_cert_chain_pem.write_to_path(str(directory / f"{name}.pem"))
    (directory / "empty.pem").touch()
    return directory


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[GatewayProcess]:
    """A worker that answers with TLS."""
    own = str(certificates / "own.pem")
    with simulator("--api-key", "provider-credential") as url:
        process = start_gateway(tmp_path_factory.mktemp("gateway"), World(url), tls_certificate=own, tls_key=own)
        yield process
        process.stop()


async def _models(port: int, secret: str, certificate: str | None) -> GatewayAnswer:
    address = GatewayAddress(host="127.0.0.1", port=port, certificate=certificate)
    own = OwnGateway(address, KeySecret(secret))
    return await own.ask("GET", "/ai/v1/models", body=None, model="é", timeout_seconds=10)


async def test_trusts_the_configured_certificate_and_no_other_of_the_same_authority(
    gateway: GatewayProcess, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    answer = await _models(gateway.port, gateway.secret, str(certificates / "own.pem"))
    assert answer.status == 200
    with pytest.raises(GatewayUnreachable, match="certificate verify failed"):
        await _models(gateway.port, gateway.secret, str(certificates / "other.pem"))


@pytest.mark.parametrize("name", ["empty.pem", "absent.pem"])
async def test_says_what_is_wrong_with_the_certificate(gateway: GatewayProcess, certificates: Path, name: str) -> None:
    with pytest.raises(GatewayUnreachable, match=name):
        await _models(gateway.port, gateway.secret, str(certificates / name))


async def test_a_gateway_that_does_not_know_the_key_yet_is_no_answer(
    gateway: GatewayProcess, certificates: Path
) -> None:
    with pytest.raises(GatewayUnreachable, match="system key"):
        await _models(gateway.port, "sk-unknown", str(certificates / "own.pem"))


async def test_a_gateway_that_is_away_is_no_answer() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(GatewayUnreachable):
            await _models(unused.getsockname()[1], "sk-x", None)


def test_every_instance_has_a_system_key_of_its_own_that_does_not_show() -> None:
    key = system_key("a secret key of sixteen or more")
    assert key.text == system_key("a secret key of sixteen or more").text
    assert key.text != system_key("another secret key").text
    assert len(key.text) == len(KeySecret.new().text)
    assert key.text not in repr(key) + repr(OwnGateway(None, key))
