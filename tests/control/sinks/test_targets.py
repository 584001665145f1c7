"""Files on a disk and in a store that speaks S3, in both formats."""

from __future__ import annotations

import gzip
import io
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from arro3.io import read_parquet
from sqlalchemy import select
from tests.control.analytics.traffic import put_request
from tests.control.management import Management

from control_layer.control.request_context import transaction
from control_layer.control.request_log.export import COLUMNS, SELECTED
from control_layer.control.sinks.target import Undeliverable, open_target
from control_layer.settings import Sink
from control_layer.store.tables import Request

_S3_OPTIONS = {"access_key_id": "AK", "secret_access_key": "hush", "region": "eu-1", "allow_http": "true"}


@pytest.fixture
async def rows(management: Management) -> AsyncIterator[Any]:
    await put_request(management, model="a", cost=Decimal("0.000000000001"), attempts=[{"status": 200}])
    await put_request(management, model="=b", cost=None, status=None, outcome="lost", input_tokens=None)
    async with transaction(management.services) as session:
        yield (await session.execute(select(*SELECTED).order_by(Request.model.desc()))).all()


async def test_both_formats_say_the_same(rows: Any, tmp_path: Path) -> None:
    lines = await _written(rows, tmp_path, "jsonl", "jsonl.gz")
    said = [json.loads(line) for line in gzip.decompress(lines).splitlines()]
    content = await _written(rows, tmp_path, "parquet", "parquet")
    table = read_parquet(io.BytesIO(content)).read_all()
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    assert list(columns) == list(COLUMNS) == list(said[0])
    assert [line["model"] for line in said] == columns["model"] == ["a", "=b"]
    assert said[0]["cost"] == "0.000000000001"
    assert columns["cost"] == [Decimal("0.000000000001"), None]
    assert columns["input_tokens"] == [line["input_tokens"] for line in said] == [10, None]
    assert [at.isoformat() for at in columns["timestamp"]] == [row.timestamp.isoformat() for row in rows]
    assert json.loads(columns["attempts"][0]) == said[0]["attempts"]


async def _written(rows: Any, directory: Path, form: str, suffix: str) -> bytes:
    sink = Sink.model_validate({"name": "disk", "url": (directory / "a b").as_uri(), "format": form})
    for _ in range(2):  # the second takes the place of the first
        await open_target(sink).put("date=2026-11-26/000-001", rows)
    (file,) = (directory / "a b").rglob(f"*.{suffix}")
    assert file.relative_to(directory) == Path("a b", "date=2026-11-26", f"000-001.{suffix}")
    return file.read_bytes()


@contextmanager
def _store(statuses: list[int]) -> Iterator[tuple[str, dict[str, bytes], list[str]]]:
    """What answers PUTs with these statuses, and then with 200."""
    objects: dict[str, bytes] = {}
    signed: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            status = statuses.pop(0) if statuses else 200
            signed.append(self.headers["authorization"])
            if status == 200:
                objects[self.path] = content
            self.send_response(status)
            self.send_header("etag", '"x"')
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", objects, signed
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _sink(endpoint: str) -> Sink:
    options = {**_S3_OPTIONS, "endpoint": endpoint}
    return Sink.model_validate({"name": "s3", "url": "s3://bucket/usage", "options": options})


async def test_a_store_that_speaks_s3_gets_signed_puts(rows: Any) -> None:
    with _store([500]) as (endpoint, objects, signed):
        await open_target(_sink(endpoint)).put("date=2026-11-26/1-2", rows)
    assert [*objects] == ["/bucket/usage/date%3D2026-11-26/1-2.jsonl.gz"]
    assert len(gzip.decompress(next(iter(objects.values()))).splitlines()) == 2
    assert all("AWS4-HMAC-SHA256 Credential=AK/" in authorization for authorization in signed)


async def test_what_is_refused_is_undeliverable_and_tells_no_secret(rows: Any) -> None:
    with _store([403] * 9) as (endpoint, objects, _), pytest.raises(Undeliverable) as refused:
        await open_target(_sink(endpoint)).put("1-2", rows)
    assert objects == {}
    assert "hush" not in str(refused.value)
    assert "hush" not in repr(_sink(endpoint))


async def test_a_directory_that_cannot_be_written_is_undeliverable(rows: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    target = open_target(Sink(name="disk", url=(tmp_path / "file" / "x").as_uri()))
    with pytest.raises(Undeliverable):
        await target.put("1-2", rows)
    (tmp_path / "file").unlink()
    await target.put("1-2", rows)


@pytest.mark.parametrize(
    "sink",
    [
        {"url": "s3://bucket", "options": {"no_such_option": "x"}},
        {"url": "file:///tmp", "options": {"region": "x"}},
        {"url": "s3://bucket", "options": {"region": "eu", "imdsv1_fallback": "hush"}},
        {"url": "s3://bucket", "options": {"region": "eu", "timeout": "hush"}},
        {"url": "gs://bucket", "options": {"service_account_key": "{hush"}},
    ],
)
def test_settings_that_make_no_sense_are_refused_without_telling_secrets(sink: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"sinks\.odd") as refused:
        open_target(Sink.model_validate({"name": "odd", **sink}))
    assert "hush" not in str(refused.value)
