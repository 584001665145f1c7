"""Settings that lack nothing: what the configuration leaves out is generated and kept in the data directory."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from control_layer.data_directory import DataDirectory
from control_layer.settings import Settings

__all__ = ["Completed", "complete", "new_api_key"]

_KEY_BYTES = 32  # 256 bits: 43 base64url characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """Settings with every secret, and what a person must be told of the generated ones."""

    settings: Settings
    new_password: str | None
    """The administrator's, if it was generated just now: to be shown this once."""
    password_file: Path | None
    """Where a generated one is kept."""


def new_api_key() -> str:
    """The secret of the demonstration's key, made anew at each start."""
    return "sk-" + secrets.token_urlsafe(_KEY_BYTES)


def complete(settings: Settings, directory: DataDirectory) -> Completed:
    """Fills in `secret_key` and `admin_password`. Raises `UnusableDirectory`."""
    update: dict[str, SecretStr] = {}
    new_password: str | None = None
    password_file: Path | None = None
    if settings.secret_key is None:
        update["secret_key"] = SecretStr(directory.secret_key())
    if settings.admin_password is None:
        password, made = directory.admin_password()
        update["admin_password"] = SecretStr(password)
        new_password, password_file = (password if made else None), directory.password_file
    return Completed(
        settings=settings.model_copy(update=update), new_password=new_password, password_file=password_file
    )
