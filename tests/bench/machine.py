# What the figures were measured on, and with: the machine, the versions, how shoal was built.
import datetime
import os
import re

import program
from contenders import PYTHON
from pages import Nginx

MODULES = "import importlib.metadata as m\nfor n in ('requests', 'aiohttp', 'Scrapy'):\n" \
          "  try: print(n, m.version(n))\n  except m.PackageNotFoundError: pass"


def read(path):
    try:
        with open(path, errors="replace") as lines:
            return lines.read()
    except OSError:
        return ""


def field(text, pattern):
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip().strip('"') if found else "unknown"


def first_line(text):
    return text.split("\n")[0].strip()


def versions():
    """Of all that takes part, by name; what is not there is left out."""
    said = {
        "nginx": field(program.ask([Nginx.program, "-v"], "stderr") if Nginx.program else "", r"nginx/(\S+)"),
        "wget2": field(program.ask(["wget2", "--version"]), r"GNU Wget2 (\S+)"),
        "curl": field(program.ask(["curl", "-q", "--version"]), r"^curl (\S+)"),
        "aria2c": field(program.ask(["aria2c", "--version"]), r"aria2 version (\S+)"),
        "wrk": field(program.ask(["wrk", "-v"]), r"^wrk (\S+)"),
        "python": field(program.ask([PYTHON, "--version"]), r"Python (\S+)"),
    }
    for line in program.ask([PYTHON, "-c", MODULES]).split("\n"):
        name, _, version = line.partition(" ")
        said[name.lower()] = version
    return {name: version for name, version in said.items() if name and version != "unknown"}


def memory_bytes():
    kib = field(read("/proc/meminfo"), r"^MemTotal:\s*(\d+)")
    return int(kib) * 1024 if kib.isdigit() else 0


def describe(build):
    flags = read(os.path.join(build, "flags")).strip()
    compiler = flags.split(" ")[0] or "gcc"
    system = os.uname()
    cpuinfo = read("/proc/cpuinfo")
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": field(cpuinfo, r"^(?:model name|Hardware|cpu model)\s*:\s*(.*)"),
        "cpus": len(os.sched_getaffinity(0)),
        "is_virtual": bool(re.search(r"^flags\s*:.*\bhypervisor\b", cpuinfo, re.MULTILINE)),
        "memory_bytes": memory_bytes(),
        "kernel": f"{system.sysname} {system.release} {system.machine}",
        "distribution": field(read("/etc/os-release"), r"^PRETTY_NAME=(.*)"),
        "load_at_start": os.getloadavg()[0],
        "shoal": first_line(program.ask([os.path.join(build, "shoal"), "--version"])),
        "compiler": first_line(program.ask([compiler, "--version"])),
        "flags": flags,
        "versions": versions(),
    }
