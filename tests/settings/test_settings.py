"""Settings: where they come from, which source wins, and what a person is told who got one wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import trustme
import yaml
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from control_layer.control.config import decode_settings, encode_settings
from control_layer.settings import Settings
from control_layer.settings_sources import PREFIX, SettingsError, Sources


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _load(
    environment: Mapping[str, str] | None = None,
    text: str | None = None,
    options: Mapping[tuple[str, ...], object] = {},
) -> Settings:
    file = None
    if text is not None:
        file = Path("settings.yaml")
        file.write_text(text)
    return Sources(file=file, environment=environment or {}, options=options).load()


def _problems(environment: Mapping[str, str] | None = None, text: str | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        _load(environment, text)
    return caught.value.problems


def test_whoever_asks_is_told_where_each_setting_stands_and_no_value() -> None:
    file = Path("settings.yaml")
    file.write_text("port: 1\nemail:\n  transport: smtp\n  smtp:\n    host: mail.test\nsinks:\n  - name: lake\n")
    environment = {"CONTROL_LAYER_EMAIL__SMTP__PASSWORD": "a secret", "DATABASE_URL": "postgresql://a:secret@b/c"}
    assert Sources(file=file, environment=environment, options={("gateway", "workers"): 2}).origins() == {
        "port": "settings.yaml, line 1",
        "email.transport": "settings.yaml, line 3",
        "email.smtp.host": "settings.yaml, line 5",
        "email.smtp.password": "CONTROL_LAYER_EMAIL__SMTP__PASSWORD",
        "sinks": "settings.yaml, line 6",
        "database.url": "DATABASE_URL",
        "database.type": "DATABASE_URL",
        "gateway.workers": "--workers",
    }


def test_without_any_source_the_defaults_hold() -> None:
    settings = _load()
    assert (settings.port, settings.database.type, settings.admin_password) == (3001, "embedded", None)


def test_the_command_line_wins_over_the_environment_and_that_over_the_file() -> None:
    environment = {"CONTROL_LAYER_PORT": "2", "CONTROL_LAYER_HOST": "from-environment"}
    settings = _load(environment, "port: 1\nhost: from-file\nadmin_email: a@b.c\n", {("port",): 3})
    assert (settings.port, settings.host, settings.admin_email) == (3, "from-environment", "a@b.c")


def test_levels_are_separated_by_two_underscores() -> None:
    environment = {
        "CONTROL_LAYER_AUTH__NATIVE__ALLOW_REGISTRATION": "true",
        "CONTROL_LAYER_GATEWAY__LIMITS__MAX_BODY_BYTES": "2048",
        "CONTROL_LAYER_GATEWAY__TIMEOUTS__FIRST_BYTE": "90s",
    }
    settings = _load(environment)
    assert settings.auth.native.allow_registration
    assert settings.gateway.limits.max_body_bytes == 2048
    assert settings.gateway.timeouts.first_byte == timedelta(seconds=90)


def test_lists_come_from_the_environment_as_json() -> None:
    environment = {"CONTROL_LAYER_MODEL_SOURCES": '[{"name": "vllm", "url": "http://localhost:8000/v1"}]'}
    (source,) = _load(environment).model_sources
    assert (source.name, source.url, source.grant_to_everyone) == ("vllm", "http://localhost:8000/v1", True)
    (problem,) = _problems({"CONTROL_LAYER_MODEL_SOURCES": "vllm"})
    assert problem.startswith("CONTROL_LAYER_MODEL_SOURCES: write it as JSON")


def test_a_database_url_means_an_external_database() -> None:
    environment = {
        "DATABASE_URL": "postgresql://u:p@h/d",
        "SECRET_KEY": "s" * 32,
        "CONTROL_LAYER_ADMIN_PASSWORD": "p" * 9,
    }
    settings = _load(environment)
    assert settings.database.type == "external"
    assert settings.database.url is not None
    assert settings.database.url.get_secret_value() == "postgresql://u:p@h/d"


def test_a_database_url_in_the_environment_wins_over_the_file_and_an_explicit_type_over_it() -> None:
    environment = {"DATABASE_URL": "postgresql://h/d", "DATABASE_REPLICA_URL": "postgresql://r/d"}
    secrets = {"SECRET_KEY": "s" * 32, "CONTROL_LAYER_ADMIN_PASSWORD": "p" * 9}
    settings = _load(environment | secrets, "database: {type: embedded}")
    assert settings.database.type == "external"
    assert settings.database.replica_url is not None
    settings = _load(environment | {"CONTROL_LAYER_DATABASE__TYPE": "embedded"})
    assert (settings.database.type, settings.database.url) == ("embedded", None)


def test_what_is_empty_in_the_environment_is_not_set() -> None:
    environment = {"CONTROL_LAYER_PORT": "", "CONTROL_LAYER_MODEL_SOURCES": "", "SECRET_KEY": "", "DATABASE_URL": ""}
    assert _load(environment) == Settings()


def test_what_the_commands_for_operators_read_is_no_setting() -> None:
    environment = {"CONTROL_LAYER_URL": "http://127.0.0.1:3001", "CONTROL_LAYER_API_KEY": "sk-an-operators"}
    assert _load(environment) == Settings()


def test_what_kubernetes_tells_of_a_service_of_that_name_is_no_setting() -> None:
    environment = {
        "CONTROL_LAYER_SERVICE_HOST": "10.0.0.1",
        "CONTROL_LAYER_SERVICE_PORT": "3001",
        "CONTROL_LAYER_SERVICE_PORT_HTTP": "3001",
        "CONTROL_LAYER_PORT": "tcp://10.0.0.1:3001",
        "CONTROL_LAYER_PORT_3001_TCP": "tcp://10.0.0.1:3001",
        "CONTROL_LAYER_PORT_3001_TCP_PROTO": "tcp",
        "CONTROL_LAYER_PORT_3001_TCP_PORT": "3001",
        "CONTROL_LAYER_PORT_3001_TCP_ADDR": "10.0.0.1",
    }
    assert _load(environment) == Settings()


def test_an_item_of_a_list_is_named_with_its_line() -> None:
    (problem,) = _problems(text="model_sources:\n- name: a\n  url: b\n- name: c\n  url: [d]\n")
    assert problem.startswith("settings.yaml, line 5: model_sources.1.url: ")


def test_files_for_tls_are_tried_before_they_are_used() -> None:
    Path("empty.pem").write_text("")
    (problem,) = _problems(text="gateway: {tls: {certificate: absent.pem, key: empty.pem}}")
    assert problem == "gateway.tls.certificate: absent.pem cannot be read (No such file or directory)"
    (problem,) = _problems(text="gateway: {tls: {certificate: empty.pem, key: empty.pem}}")
    assert problem.startswith("gateway.tls: empty.pem and empty.pem are not a certificate and its key in PEM")
    (problem,) = _problems(text="gateway: {ca_bundle: empty.pem}")
    assert problem.startswith("gateway.ca_bundle: empty.pem holds no certificates in PEM")


def test_a_key_with_a_password_is_refused_instead_of_asked_for() -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hush"))
    Path("key.pem").write_bytes(sealed)
    issued.cert_chain_pems[0].write_to_path("certificate.pem")
    (problem,) = _problems(text="gateway: {tls: {certificate: certificate.pem, key: key.pem}}")
    assert "without a password" in problem
    issued.private_key_pem.write_to_path("key.pem")
    assert _load(text="gateway: {tls: {certificate: certificate.pem, key: key.pem}}").gateway.tls.key is not None


@pytest.mark.parametrize("sender", ["nobody", "a@b, c@d", "@", "a@", "a@b\\nBcc: c@d", ""])
def test_mails_come_from_one_address(sender: str) -> None:
    (problem,) = _problems(text=f'email: {{sender: "{sender}"}}')
    assert problem.startswith("settings.yaml, line 1: email.sender ")
    assert "write one address, such as Control Layer <no-reply@example.org>" in problem


@pytest.mark.parametrize(
    "sender", ["a@example.org", "Ö & Co <a@example.org>", '"Co, Inc." <a@example.org>', "<a@localhost>"]
)
def test_a_sender_may_have_a_name(sender: str) -> None:
    assert _load(text=f"email: {{sender: '{sender}'}}").email.sender == sender


def test_an_external_database_needs_both_secrets() -> None:
    problems = _problems({"DATABASE_URL": "postgresql://u:p@h/d"})
    assert [problem.split(" ")[0] for problem in problems] == ["admin_password", "secret_key"]


@pytest.mark.parametrize(
    ("environment", "text", "expected"),
    [
        ({}, "prot: 1", "settings.yaml, line 1: unknown key 'prot'; did you mean 'port'?"),
        (
            {},
            "gateway:\n  limits:\n    max_body_byte: 1",
            "settings.yaml, line 3: unknown key 'gateway.limits.max_body_byte'; did you mean 'max_body_bytes'?",
        ),
        (
            {"CONTROL_LAYER_PROT": "1"},
            None,
            "CONTROL_LAYER_PROT: unknown setting; did you mean 'CONTROL_LAYER_PORT'?",
        ),
        (
            {"CONTROL_LAYER_AUTH__NATIV__ENABLED": "1"},
            None,
            "CONTROL_LAYER_AUTH__NATIV__ENABLED: unknown setting; did you mean 'CONTROL_LAYER_AUTH__NATIVE__ENABLED'?",
        ),
        ({}, "completely_different: 1", "settings.yaml, line 1: unknown key 'completely_different'"),
        ({}, "- a list", "settings.yaml: it must hold keys and values, such as 'port: 3001'"),
        (
            {},
            "model_sources:\n- {name: a, url: b, api_kee: c}",
            "settings.yaml, line 2: unknown key 'model_sources.0.api_kee'; did you mean 'api_key'?",
        ),
        ({}, "port: 1\nworkers: 2", "settings.yaml, line 2: unknown key 'workers'; did you mean 'gateway.workers'?"),
        (
            {"CONTROL_LAYER_WORKERS": "2"},
            None,
            "CONTROL_LAYER_WORKERS: unknown setting; did you mean 'CONTROL_LAYER_GATEWAY__WORKERS'?",
        ),
        ({}, "port: 1\nhost: a\nport: 2", "settings.yaml, line 3: 'port' is given a second time"),
        ({}, "gateway: {pool: {idle: 1s, idle: 2s}}", "settings.yaml, line 1: 'idle' is given a second time"),
        ({}, "database: {url: x, type: embedded}", "database.url is set, but database.type is 'embedded'"),
        ({}, "gateway: {tls: {key: a.pem}}", "gateway.tls needs both, certificate and key"),
        ({}, "email: {transport: smtp}", "email.smtp.host is required with email.transport 'smtp'"),
        ({}, "email: {smtp: {username: a}}", "email.smtp needs both, username and password, or neither"),
        (
            {},
            "email: {smtp: {username: a, password: b, security: none}}",
            "email.smtp: a password is sent over TLS only; set security to starttls or tls, or leave the password out",
        ),
    ],
)
def test_a_mistake_is_named_with_what_was_probably_meant(
    environment: dict[str, str], text: str | None, expected: str
) -> None:
    (problem,) = _problems(environment, text)
    assert problem.startswith(expected)


def test_a_wrong_value_is_named_with_its_source_and_what_it_should_be() -> None:
    (problem,) = _problems({"CONTROL_LAYER_PORT": "many"})
    assert problem.startswith("CONTROL_LAYER_PORT: port 'many': it should be a valid integer")
    (problem,) = _problems(text="gateway:\n  drain: soon")
    allowed = "write a duration such as 30m, 24h or 1500ms, or seconds as a number"
    assert problem == f"settings.yaml, line 2: gateway.drain 'soon': {allowed}"


def test_no_secret_is_shown_in_a_message() -> None:
    assert "hush" not in "".join(_problems(text="secret_key: [hush]\nadmin_password: {a: hush}"))
    assert "hush" not in "".join(_problems({"SECRET_KEY": "hush"}))
    assert "hush" not in "".join(_problems(text="model_sources: [{name: a, api_key: [hush]}]"))


def test_broken_yaml_is_told_with_its_line() -> None:
    (problem,) = _problems(text="port: 1\nhost: [\n")
    assert problem.startswith("settings.yaml, line 3: it is not valid YAML")


def test_a_named_file_must_be_there_and_the_usual_one_need_not() -> None:
    with pytest.raises(SettingsError) as caught:
        Sources(file=Path("absent.yaml"), environment={}, options={}).load()
    assert caught.value.problems == ["absent.yaml: there is no such file"]
    Path("config.yaml").write_text("port: 5")
    assert _load().port == 5
    Path("other.yaml").write_text("port: 6")
    assert _load({"CONTROL_LAYER_CONFIG": "other.yaml"}).port == 6


def test_every_problem_is_told_at_once() -> None:
    assert len(_problems({"CONTROL_LAYER_X": "1", "CONTROL_LAYER_Y": "1"}, "z: 1")) == 3


@given(st.sampled_from([("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400)]), st.integers(1, 900))
def test_durations_have_units(unit: tuple[str, float], number: int) -> None:
    settings = Settings.model_validate({"gateway": {"drain": f"{number}{unit[0]}"}})
    assert settings.gateway.drain.total_seconds() == pytest.approx(number * unit[1])


@given(
    st.builds(
        Settings,
        port=st.integers(0, 65535),
        admin_email=st.emails(),
        enable_metrics=st.booleans(),
        log_level=st.sampled_from(["debug", "info", "warning", "error"]),
    )
)
def test_what_is_printed_can_be_read_again(settings: Settings) -> None:
    text = yaml.safe_dump(settings.model_dump(mode="json"))
    assert Settings.model_validate(yaml.safe_load(text)) == settings


def test_a_role_that_does_not_exist_is_told_with_its_key() -> None:
    (problem,) = _problems(text="auth: {default_user_roles: [StandardUser, Boss]}")
    assert "auth.default_user_roles.1 'Boss'" in problem
    assert "'StandardUser'" in problem


def test_an_administrator_without_an_address_is_refused() -> None:
    (problem,) = _problems(text="admin_email: ''")
    assert "admin_email" in problem


_OIDC = "auth: {oidc: {enabled: true, issuer: 'https://login.example.org', client_id: us%s}}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("auth: {oidc: {enabled: true}}", "auth.oidc needs issuer and client_id"),
        (_OIDC.replace("https:", "http:") % "", "auth.oidc.issuer must begin with https://"),
        (_OIDC % ", scopes: [email]", "auth.oidc.scopes must contain openid"),
        (_OIDC % ", admin_groups: [admins]", "auth.oidc.admin_groups needs groups_claim"),
        (_OIDC % ", provider_name: native", "auth.oidc.provider_name 'native'"),
        (_OIDC % "" + "\ndashboard_url: http://ai.example.org", "auth.oidc needs a dashboard_url with https://"),
        ("auth: {proxy_header: {header_name: x-control-layer-email}}", "each of the four header fields"),
        ("auth: {proxy_header: {header_name: Cookie}}", "auth.proxy_header.header_name 'Cookie'"),
        ("auth: {proxy_header: {header_name: 'a: b'}}", "write the name of a header field"),
        ("auth: {proxy_header: {trusted_peers: [proxy.local]}}", "write an address or a network"),
    ],
)
def test_a_way_in_that_cannot_work_is_told_before_the_start(text: str, told: str) -> None:
    (problem,) = _problems(text=text)
    assert told in problem


def test_ways_in_are_as_they_were_written() -> None:
    text = _OIDC % ", client_secret: s" + "\ndashboard_url: https://ai.example.org"
    settings = _load({"CONTROL_LAYER_AUTH__PROXY_HEADER__TRUSTED_PEERS": '["10.1.2.3/8", "::1"]'}, text)
    assert settings.auth.proxy_header.trusted_peers == ("10.0.0.0/8", "::1/128")
    assert decode_settings(encode_settings(settings)) == settings


def test_every_setting_has_a_name_in_the_environment() -> None:
    environment = {
        f"{PREFIX}PORT": "1",
        f"{PREFIX}DATA_DIR": "/d",
        f"{PREFIX}ADMIN_PASSWORD": "p",
        f"{PREFIX}LOG_LEVEL": "debug",
    }
    settings = _load(environment)
    assert settings.admin_password is not None
    assert (settings.port, str(settings.data_dir), settings.log_level) == (1, "/d", "debug")
    assert "admin_password" in repr(settings)
    assert "SecretStr('p')" not in repr(settings)


def test_the_manual_says_what_the_tree_says() -> None:
    root = Path(__file__).parents[2]
    page = subprocess.run(
        [sys.executable, str(root / "scripts" / "settings-page")], capture_output=True, text=True, check=True
    )
    assert (root / "docs" / "configuration.md").read_text() == page.stdout, "run scripts/settings-page"


def test_previous_secret_keys_are_secrets_as_long_as_the_present_one() -> None:
    (problem,) = _problems(text=f"secret_key: {'s' * 32}\nprevious_secret_keys: [{'p' * 32}, hush]")
    assert problem.startswith("previous_secret_keys: each has at least 16 characters")
    assert "hush" not in "".join(_problems(text="previous_secret_keys: [{a: hush}]\nsecret_key: hush"))
    settings = _load({"CONTROL_LAYER_PREVIOUS_SECRET_KEYS": f'["{"p" * 32}"]'})
    assert [key.get_secret_value() for key in settings.previous_secret_keys] == ["p" * 32]
    assert "p" * 32 not in str(settings.model_dump(mode="json")) + repr(settings)


def test_a_section_that_may_be_left_out_is_named_like_any_other() -> None:
    assert _load().payment.dummy is None
    assert _amount(_load({"CONTROL_LAYER_PAYMENT__DUMMY__AMOUNT": "12.5"})) == Decimal("12.5")
    assert _amount(_load(text="payment: {dummy: {amount: 7}}")) == 7
    assert _amount(_load(text="payment: {dummy: {}}")) == 50
    assert _load(text="payment: {dummy: }").payment.dummy is None
    (problem,) = _problems(text="payment:\n  dummy:\n    amont: 7\n")
    assert "line 3" in problem
    assert "did you mean" in problem


def _amount(settings: Settings) -> Decimal:
    assert settings.payment.dummy is not None
    return settings.payment.dummy.amount


@pytest.mark.parametrize("secret", ["api_key", "webhook_secret"])
@pytest.mark.parametrize("value", [None, '""', '"  "'])
def test_payments_refuse_to_start_without_a_secret(secret: str, value: str | None) -> None:
    stripe = {"api_key": "sk_live_5up3r", "webhook_secret": "whsec_5up3r", "price_id": "price_1", secret: value}
    lines = [f"    {name}: {given}" for name, given in stripe.items() if given is not None]
    (problem,) = _problems(text="payment:\n  stripe:\n" + "\n".join(lines))
    assert f"payment.stripe.{secret}" in problem
    assert "5up3r" not in problem


def test_there_is_one_payment_provider() -> None:
    stripe = "{api_key: sk_live, webhook_secret: whsec, price_id: price}"
    (problem,) = _problems(text=f"payment: {{dummy: {{amount: 5}}, stripe: {stripe}}}")
    assert "both" in problem
    assert _load(text=f"payment: {{stripe: {stripe}}}").payment.stripe is not None


@pytest.mark.parametrize("text", ['{x-key: "hush\\nx-other: 1"}', "{'x key': hush}", "{'': hush}"])
def test_what_cannot_be_a_header_field_is_told_without_its_value(text: str) -> None:
    (problem,) = _problems(text=f"tracing: {{headers: {text}}}")
    assert "tracing.headers" in problem
    assert "hush" not in problem


def test_header_fields_of_the_collector_are_secrets() -> None:
    settings = _load({"CONTROL_LAYER_TRACING__HEADERS": '{"x-vendor-key": "hush"}'})
    assert settings.tracing.headers["x-vendor-key"].get_secret_value() == "hush"
    assert "hush" not in repr(settings)
    assert "hush" not in settings.model_dump_json()
    assert decode_settings(encode_settings(settings)) == settings
