"""Child processes that never outlive the benchmark."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

_running = []


class Failure(Exception):
    """Something that ends the benchmark with a sentence instead of a traceback."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, log_path, **options):
    """Starts a program in a process group of its own; its output goes to log_path."""
    with open(log_path, "ab") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **options,
        )
    process.log_path = log_path
    _running.append(process)
    return process


def stop(process, stop_signal=signal.SIGTERM, patience_s=10):
    """Asks nicely, then kills the whole process group."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            say(f"  {process.args[0]} did not stop in {patience_s} s: killed")
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
    if process in _running:
        _running.remove(process)


def stop_all():
    for process in reversed(list(_running)):
        stop(process, signal.SIGINT, 5)


def log_tail(process):
    with open(process.log_path, encoding="utf-8", errors="replace") as log:
        return "".join(log.readlines()[-15:])


def wait_for_answer(process, url, headers=None, timeout_s=30, pause_s=0.02):
    """Asks until the answer is 200. Returns nothing; raises Failure when the process ends first."""
    deadline = time.monotonic() + timeout_s
    request = urllib.request.Request(url, headers=headers or {})
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Failure(f"{process.args[0]} ended at once:\n{log_tail(process)}")
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        time.sleep(pause_s)
    raise Failure(f"{url} did not answer in {timeout_s} s:\n{log_tail(process)}")


def resident_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    raise Failure(f"process {pid} has no VmRSS")


def shared_resident_mb(parent):
    """The proportional memory of a process and its children: shared pages are counted once."""
    total_kb = 0
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                parent_of_entry = int(stat.read().rsplit(")", 1)[1].split()[1])
            if int(entry) != parent and parent_of_entry != parent:
                continue
            with open(f"/proc/{entry}/smaps_rollup", encoding="ascii") as rollup:
                total_kb += next(int(l.split()[1]) for l in rollup if l.startswith("Pss:"))
        except (FileNotFoundError, ProcessLookupError, StopIteration):
            continue
    return total_kb / 1024
