"""Which machine the figures are of."""

import os
import platform
import subprocess

from .contenders import BENCH


def machine(directory):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                if line.startswith("model name")), platform.machine())
    output = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return {
        "cores": os.cpu_count(),
        "cpu": cpu,
        "kernel": platform.release(),
        "filesystem": output("stat", "-f", "-c", "%T", str(directory)),
        "node": output("node", "--version"),
        "load_before": os.getloadavg()[0],
        "commit": output("git", "-C", str(BENCH), "rev-parse", "--short", "HEAD"),
    }
