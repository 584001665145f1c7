"""In whose name a command speaks: a platform key, or the administrator of the instance on this machine.

Never from an argument: arguments are seen by every account of the machine, and kept in shells' histories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from control_layer.operator.errors import NotUnderstood
from control_layer.operator.local_instance import LocalInstance

__all__ = ["KEY_VARIABLE", "PlatformKey", "credential_for"]

KEY_VARIABLE = "CONTROL_LAYER_API_KEY"
_WAYS_IN = (
    f"Put a platform key into {KEY_VARIABLE}, or into a file named with --api-key-file.",
    "The owner of an instance on this machine, whose administrator's password was generated, needs none;",
    "name its directory in CONTROL_LAYER_DATA_DIR where it is not the default.",
)


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """A key's secret, and where it was found."""

    secret: str = field(repr=False)
    source: str


def credential_for(url: str, key_file: Path | None, environment: Mapping[str, str]) -> PlatformKey | LocalInstance:
    """The named file, else `CONTROL_LAYER_API_KEY`, else the instance on this machine. Raises `NotUnderstood`."""
    if key_file is not None:
        try:
            return _key(key_file.read_text(encoding="utf-8"), str(key_file))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise NotUnderstood(f"the API key file {key_file} cannot be read ({reason})") from error
    if environment.get(KEY_VARIABLE):
        return _key(environment[KEY_VARIABLE], KEY_VARIABLE)
    local = LocalInstance.behind(url, environment)
    if local is not None:
        return local
    raise NotUnderstood(f"there is no credential for {url}", details=_WAYS_IN)


def _key(text: str, source: str) -> PlatformKey:
    secret = text.strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise NotUnderstood(f"what stands in {source} is no API key: one word that begins with 'sk-' is expected")
    return PlatformKey(secret, source)
