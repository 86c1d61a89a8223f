"""The programs that are measured: PostgreSQL with the Node peer on it, PocketBase, and Synap."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from . import processes
from .processes import Failure

BENCH = Path(__file__).resolve().parent.parent
PEER = BENCH / "peers" / "node-stack"
POCKETBASE = BENCH.parent / "build" / "pocketbase" / "base"


def set_aside(directory):
    """Makes way for fresh data. The old is not deleted before the end of the run: ext4 without a
    journal keeps away from inodes freed in the last minute, and looking for others made every file
    written after a large deletion 5 to 20 times slower, whoever wrote it. What was written before
    is on disk first, so that nobody syncs what another has left."""
    if directory.exists():
        directory.rename(directory.with_name(f"{directory.name}-{time.monotonic_ns()}"))
    os.sync()


class Postgres:
    """A fresh cluster with default settings in a directory of its own."""

    def __init__(self, directory, binaries):
        self.binaries = Path(binaries)
        self.directory = directory / "postgres"
        self.port = processes.free_port()
        self.log = directory / "postgres.log"
        self.directory.mkdir()
        # PostgreSQL refuses to run as root.
        self.identity = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.directory, nobody.pw_uid, nobody.pw_gid)
            self.identity = {
                "user": nobody.pw_uid,
                "group": nobody.pw_gid,
                "extra_groups": [],
            }
        self.directory.chmod(0o700)
        subprocess.run(
            [self.binaries / "initdb", "-D", self.directory, "-U", "postgres", "-A", "trust",
             "-E", "UTF8", "--locale=C"],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **self.identity)
        self.process = processes.start(
            [self.binaries / "postgres", "-D", self.directory, "-p", self.port,
             "-k", self.directory, "-c", "listen_addresses=127.0.0.1"],
            self.log, cwd="/", **self.identity)
        self.wait()

    def wait(self):
        for _ in range(200):
            ready = subprocess.run(
                [self.binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)])
            if ready.returncode == 0:
                return
            time.sleep(0.05)
        raise Failure(f"PostgreSQL did not start:\n{processes.log_tail(self.process)}")

    @contextlib.contextmanager
    def standing_still(self):
        """A cluster is not idle for minutes after a load: its checkpointer and vacuum would take
        the disk and a processor from whoever is measured next."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def new_database(self, name):
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.execute(f'CREATE DATABASE "{name}"')
        # What one contender left to be written must not be charged to the next.
        self.execute("CHECKPOINT")
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def execute(self, sql):
        subprocess.run(
            [self.binaries / "psql", "-q", "-X", "-h", "127.0.0.1", "-p", str(self.port),
             "-U", "postgres", "-c", sql],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Peer:
    """The Node stack with one of its two buses."""

    token = ""
    runs = ("flood", "paced", "create")
    create_options = ()

    def __init__(self, bus, postgres, directory):
        self.name = f"peer {bus}"
        self.bus = bus
        self.postgres = postgres
        self.directory = directory / f"peer-{bus}"
        self.log = directory / f"peer-{bus}.log"
        self.process = None

    def start(self):
        set_aside(self.directory)
        port = processes.free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = os.environ | {
            "PORT": str(port),
            "BUS": self.bus,
            "DATABASE_URL": self.postgres.new_database(f"peer_{self.bus}"),
            "DATA_DIR": str(self.directory),
            "UV_THREADPOOL_SIZE": "16",
            "NODE_ENV": "production",
        }
        self.process = processes.start(
            ["node", PEER / "src" / "server.js"], self.log, env=environment)
        processes.wait_for_answer(self.process, f"{self.url}/ready")

    def stop(self):
        # There may be thousands of notes queued; nobody waits for them.
        processes.stop(self.process, patience_s=0.5)

    def measure_append(self, seconds):
        environment = os.environ | {
            "DATABASE_URL": self.postgres.new_database("peer_append"),
            "SECONDS": str(seconds),
        }
        command = ["node", str(PEER / "src" / "append.js")]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True,
                              timeout=seconds + 30).stdout


class PocketBase:
    """PocketBase as it is shipped, with a collection like notes, asked by a superuser. It has no
    workers: a record is complete when its creation is answered, so only creations are measured."""

    name = "PocketBase"
    runs = ("create",)
    create_options = ("--path", "/api/collections/notes/records",
                      "--body", '{"title":"A note","content":"{text}"}')

    def __init__(self, directory):
        self.directory = directory / "pocketbase"
        self.log = directory / "pocketbase.log"
        self.process = None
        self.token = ""

    def start(self):
        set_aside(self.directory)
        # Migrations that it writes itself go beside its data: they belong to one run, too.
        data = ("--dir", str(self.directory / "data"))
        who, password = "bench@example.com", "only for this run"
        subprocess.run([POCKETBASE, "superuser", "upsert", who, password, *data], check=True,
                       stdout=subprocess.DEVNULL)
        port = processes.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = processes.start(
            [POCKETBASE, "serve", "--http", f"127.0.0.1:{port}", *data], self.log)
        processes.wait_for_answer(self.process, f"{self.url}/api/health")
        self.token = ""
        self.token = self.post("/api/collections/_superusers/auth-with-password",
                               {"identity": who, "password": password})["token"]
        self.post("/api/collections", {"name": "notes", "type": "base", "fields": [
            {"name": "title", "type": "text"},
            {"name": "content", "type": "text", "max": 1_000_000}]})

    def post(self, path, value):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, json.dumps(value).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def stop(self):
        processes.stop(self.process)


class Synap:
    """One pod on the embedded engine."""

    name = "synap"
    runs = ("flood", "paced", "create")
    create_options = ()

    def __init__(self, binary, directory, extra_arguments):
        self.binary = binary
        self.directory = directory / "synap"
        self.log = directory / "synap.log"
        self.extra_arguments = extra_arguments
        self.process = None
        self.token = ""

    def start(self, keeps_data=False):
        if not keeps_data:
            set_aside(self.directory)
        port = processes.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = processes.start(
            [self.binary, "serve", "--data", self.directory, "--listen", f"127.0.0.1:{port}",
             *self.extra_arguments], self.log)
        if not keeps_data:
            processes.wait_for_answer(self.process, f"{self.url}/ready")
            self.token = (self.directory / "owner.key").read_text(encoding="ascii").strip()

    def stop(self):
        processes.stop(self.process)

    def start_and_time(self):
        """Milliseconds from exec to the first answer to an authenticated query, on existing data."""
        begun = time.monotonic()
        self.start(keeps_data=True)
        processes.wait_for_answer(
            self.process, f"{self.url}/trpc/notes.list?input=%7B%22limit%22%3A1%7D",
            headers={"Authorization": f"Bearer {self.token}"}, pause_s=0.001)
        return (time.monotonic() - begun) * 1000
