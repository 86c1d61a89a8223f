"""Runs of agents, LangGraph's and the pod's own in one process, and chats of a pod."""

import json
import subprocess
import time
import urllib.request

from . import processes
from .contenders import BENCH, Synap, set_aside
from .engines import AT_ONCE, before_others, result_of
from .processes import Failure

PEER = BENCH / "peers" / "agents"


def install():
    subprocess.run([BENCH.parent / "tools/npm_ci.sh", PEER.relative_to(BENCH.parent)], check=True)


def versions():
    packages = json.loads((PEER / "package.json").read_text(encoding="utf-8"))["dependencies"]
    return ", ".join(f"{name} {version}" for name, version in packages.items())


def langgraph(directory, durability, count, prefix=()):
    place = directory / f"langgraph-{time.monotonic_ns()}"
    place.mkdir()
    return result_of([*prefix, "node", PEER / "src/runs.mjs", "--file", place / "runs.db", "--count", count,
                      "--durability", durability])


def synap(binaries, directory, count, account, prefix=()):
    set_aside(directory / "agents-bench")
    return result_of([*prefix, binaries / "agents_bench", "--directory", directory / "agents-bench",
                      "--count", count, "--account", account])


USERS = 8  # A user may have 256 calls of models open at once.
NOTES = 20  # of each user, for the search that goes before an answer


class ChattingPod:
    """A pod whose model is at a port of this machine, with users who have notes."""

    def __init__(self, binaries, directory, chats):
        self.driver = binaries / "chats_bench"
        self.port = processes.free_port()
        config = directory / "chats.toml"
        config.write_text(f'[[models.chat]]\nurl = "http://127.0.0.1:{self.port}/v1"\n'
                          'model = "script"\nretries = 0\n', encoding="utf-8")
        # As many runs of an agent go on at once as of any function: 256, unless one says more.
        self.pod = Synap(binaries / "synap", directory,
                         ["--config", config, "--worker-concurrency", max(256, chats)])
        self.keys = directory / "chats.keys"

    def __enter__(self):
        self.pod.start()
        users = [self.call("users.create", {"name": f"user {i}"}, self.pod.token)["key"]
                 for i in range(USERS)]
        self.keys.write_text("".join(f"{key}\n" for key in users), encoding="ascii")
        for index, key in enumerate(users):
            for note in range(NOTES):
                text = self.words(1_200, index * NOTES + note + 100)
                self.call("notes.create", {"title": text[:40], "content": text}, key)
        time.sleep(2)
        return self

    def __exit__(self, *_):
        self.pod.stop()

    def words(self, size, seed):
        command = [self.driver, "--words", str(size), "--seed", str(seed)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def call(self, procedure, value, key):
        request = urllib.request.Request(
            f"{self.pod.url}/trpc/{procedure}", json.dumps(value).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["result"]["data"]

    def measure(self, chats, seconds, goes_before_others=False, fault="none"):
        command = [self.driver, "--url", self.pod.url, "--pid", self.pod.process.pid, "--keys",
                   self.keys, "--port", self.port, "--chats", chats, "--seconds", seconds,
                   "--fault", fault]
        if not goes_before_others:
            return self.told(command)
        with before_others(self.pod.process.pid):
            return self.told([*AT_ONCE, *command])

    @staticmethod
    def told(command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                              check=False, timeout=300)
        if not done.stdout.strip():
            raise Failure(f"chats_bench: {done.stderr[-1000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])
