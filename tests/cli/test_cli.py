"""The commands as a person types them: output, exit status, and mistakes answered in plain words."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from control_layer import __version__


def _run(
    directory: Path, *arguments: str, environment: dict[str, str] | None = None, user: int | None = None
) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CONTROL_LAYER_") and name not in ("DATABASE_URL", "SECRET_KEY")
    }
    return subprocess.run(
        [sys.executable, "-m", "control_layer", *arguments],
        cwd=directory,
        env={**clean, "CONTROL_LAYER_METRICS__PORT": "0", **(environment or {})},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        user=user,
    )


def _refused(done: subprocess.CompletedProcess[str], status: int, *texts: str) -> None:
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    for text in texts:
        assert text in done.stderr


def test_the_version_is_printed(tmp_path: Path) -> None:
    done = _run(tmp_path, "version")
    assert (done.returncode, done.stdout) == (0, f"{__version__}\n")


@pytest.mark.parametrize("command", ["serve", "simulate", "check-config", "apply", "export", "version"])
def test_each_command_explains_itself(tmp_path: Path, command: str) -> None:
    overview, detail = _run(tmp_path, "--help"), _run(tmp_path, command, "--help")
    assert overview.returncode == detail.returncode == 0
    assert command in overview.stdout
    assert "Usage:" in detail.stdout


def test_an_unknown_command_is_a_usage_error(tmp_path: Path) -> None:
    _refused(_run(tmp_path, "sevre"), 2, "sevre")


def test_help_and_version_load_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from control_layer import cli; "
        "print([m for m in ('fastapi', 'sqlalchemy', 'asyncpg', 'pydantic', 'uvloop') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_effective_configuration_is_shown_without_its_secrets(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("port: 4000\nmodel_sources: [{name: a, url: 'http://h/v1', api_key: hush}]\n")
    done = _run(tmp_path, "check-config", environment={"SECRET_KEY": "hush" * 8})
    shown = yaml.safe_load(done.stdout)
    assert (done.returncode, shown["port"]) == (0, 4000)
    assert "hush" not in done.stdout + done.stderr


def test_a_wrong_configuration_names_the_key(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("databse: {type: external}\n")
    for command in ("check-config", "serve"):
        _refused(_run(tmp_path, command), 2, "unknown key 'databse'", "did you mean 'database'?")


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        serve = _run(tmp_path, "serve", "--host", "127.0.0.1", "--port", port, "--data-dir", str(tmp_path / "data"))
        _refused(serve, 3, f"port {port} on 127.0.0.1 is taken", "'port'")
        metrics = {"CONTROL_LAYER_METRICS__PORT": port}
        serve = _run(
            tmp_path,
            "serve",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--data-dir",
            str(tmp_path / "d"),
            environment=metrics,
        )
        _refused(serve, 3, f"port {port} on 127.0.0.1 is taken", "'metrics.port'")
        _refused(_run(tmp_path, "simulate", "--port", port), 3, "cannot listen")


def test_an_unknown_host_is_told(tmp_path: Path) -> None:
    serve = _run(tmp_path, "serve", "--host", "192.0.2.1", "--port", "0", "--data-dir", str(tmp_path / "data"))
    _refused(serve, 3, "192.0.2.1", "'host'")


def test_an_unusable_data_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _refused(_run(tmp_path, "serve", "--port", "0", "--data-dir", str(tmp_path / "file" / "data")), 3, "--data-dir")
    _refused(_run(tmp_path, "serve", "--port", "0", "--data-dir", str(tmp_path / "file")), 3, "--data-dir")


def test_an_unreachable_database_ends_a_first_start_with_the_reason(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {
        "DATABASE_URL": f"postgresql://somebody:hush@127.0.0.1:{port}/nothing",
        "SECRET_KEY": "s" * 32,
        "CONTROL_LAYER_ADMIN_PASSWORD": "correct horse",
        "CONTROL_LAYER_HOST": "127.0.0.1",
        "CONTROL_LAYER_GATEWAY__WORKERS": "1",
    }
    serve = _run(tmp_path, "serve", "--port", "0", "--data-dir", str(tmp_path / "data"), environment=environment)
    _refused(serve, 3, "the database cannot be used", "DATABASE_URL")
    assert "hush" not in serve.stderr


def test_generated_secrets_are_kept_for_their_owner_alone_and_an_existing_directory_stays_as_it_was(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    command = [sys.executable, "-m", "control_layer", "serve", "--demo", "--host", "127.0.0.1", "--port", "0"]
    shown: list[str] = []
    for _ in range(2):
        process = subprocess.Popen(
            [*command, "--data-dir", str(data), "--workers", "1"],
            cwd=tmp_path,
            env={**os.environ, "CONTROL_LAYER_METRICS__PORT": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        timer = threading.Timer(60, process.kill)
        timer.start()
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "chat.completions.create" in line:
                break
        process.terminate()
        process.stdout.close()
        assert process.wait(60) == 0
        timer.cancel()
        shown.append("".join(lines))
    for name in ("secret_key", "admin_password"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
    password = (data / "admin_password").read_text().strip()
    assert password in shown[0]
    assert password not in shown[1]
    assert str(data / "admin_password") in shown[1]
    assert stat.S_IMODE(data.stat().st_mode) == 0o755
    assert "curl -N http://127.0.0.1:" in shown[0]
