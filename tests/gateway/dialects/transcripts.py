"""Reads what providers and clients said, kept as files, and compares structs with it.

`transcripts/<dialect>/<scenario>/` holds, where the scenario has them: `request.json` (a client's), `conversation.json`
(what it is read as), `sent.json` (what the provider gets of it), `handed.json` (what it gets of a client that speaks
its language), `answer.json` and `stream.sse` or `stream.ndjson` (the provider's answer, whole and streamed) and
`folded.json` (what both are read as).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from control_layer.gateway.dialects.conversation import Conversation, ResponseFormat, Tool

ROOT = Path(__file__).parent / "transcripts"


class Scenario:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    def bytes(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def json(self, name: str) -> Any:
        return msgspec.json.decode(self.bytes(name))

    def has(self, name: str) -> bool:
        return (self.path / name).exists()


def scenarios(dialect: str, *files: str) -> list[Scenario]:
    """The scenarios of a dialect that have all of these files."""
    found = [Scenario(path) for path in sorted((ROOT / dialect).iterdir()) if path.is_dir()]
    chosen = [scenario for scenario in found if all(scenario.has(name) for name in files)]
    assert chosen
    return chosen


def plain(value: Any) -> Any:
    """A struct as JSON has it, without what is the default anyway; JSON that nobody looked into is decoded."""
    if isinstance(value, msgspec.Raw):
        return msgspec.json.decode(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if not isinstance(value, msgspec.Struct):
        return value
    config = value.__struct_config__
    said: dict[str, Any] = {} if config.tag is None else {str(config.tag_field): config.tag}
    for field in msgspec.structs.fields(value):
        inner = getattr(value, field.name)
        if inner is not field.default and inner != field.default:
            said[field.encode_name] = plain(inner)
    return said


def splits(data: bytes) -> list[list[bytes]]:
    """The bytes in every two pieces, and one by one."""
    pairs = [[data[:at], data[at:]] for at in range(1, len(data))]
    return [*pairs, [data[at : at + 1] for at in range(len(data))]]


def conversation_of(scenario: Scenario) -> Conversation:
    """What `conversation.json` says; JSON that nobody looks into is not decoded."""
    fields = scenario.json("conversation.json")
    tools = [Tool(**_undecoded(tool, "parameters")) for tool in fields.pop("tools", ())]
    wanted = fields.pop("response_format", None)
    spoken = fields.pop("audio_output", None)
    return msgspec.structs.replace(
        msgspec.convert(fields, Conversation),
        tools=tuple(tools),
        audio_output=None if spoken is None else msgspec.Raw(msgspec.json.encode(spoken)),
        response_format=None if wanted is None else ResponseFormat(**_undecoded(wanted, "schema")),
    )


def _undecoded(fields: dict[str, Any], name: str) -> dict[str, Any]:
    return {**fields, name: msgspec.Raw(msgspec.json.encode(fields[name]))} if name in fields else fields
