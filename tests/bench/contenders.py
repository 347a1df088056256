# Who races: the command line of each on a list of URLs, and what it needs to be there.
import os
import shutil
import subprocess
import sys
from typing import Callable, Dict, NamedTuple, Optional, Tuple

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers.py")
DEBIAN_PYTHON = "/usr/bin/python3"  # has the modules of Debian's packages
PYTHON = DEBIAN_PYTHON if os.access(DEBIAN_PYTHON, os.X_OK) else sys.executable
QUICK_PAGES = 30  # of those that get fewer pages, in a smoke test


class Task:
    """A list of URLs for one contender, or the first page of a site; how many at a time."""

    def __init__(self, build, home, urls, in_flight, seconds):
        self.build, self.home, self.in_flight = build, home, in_flight
        self.urls = urls
        self.seconds = seconds  # for those that run for a time
        self.kept = os.path.join(home, "kept")  # where those write that keep what they fetch: it is in memory

    def clear(self):
        """What was kept goes: before a run, and after it."""
        shutil.rmtree(self.kept, ignore_errors=True)

    def write(self, kind, form):
        """The path of the list; one of that length may be there already."""
        path = os.path.join(self.home, f"{kind}.{len(self.urls)}")
        if not os.path.exists(path):
            with open(path, "w") as out:
                out.writelines(form.format(url) for url in self.urls)
        return path

    def list(self):
        return self.write("urls", "{}\n")


class Contender(NamedTuple):
    name: str
    needs: str  # a program, or "module:NAME" of Python, or "build:NAME" of ours
    package: str  # Debian's, that brings it
    command: Callable[[Task], list]
    pages: Optional[Dict[str, int]] = None  # of those that are slow: how many they get
    in_flight_max: int = 1 << 20
    workloads: Optional[Tuple[str, ...]] = None  # None: all that are lists
    is_limit: bool = False  # no fetcher: runs for a time, and asks for one page
    when_named: bool = False  # races only where --only names it
    beside: int = 0  # requests beside those for pages: robots.txt

    def races_in(self, name, workload):
        return name in self.workloads if self.workloads else not workload.links

    def missing(self, build):
        kind, _, name = self.needs.rpartition(":")
        if kind == "build":
            return not os.access(os.path.join(build, name), os.X_OK)
        if kind == "module":
            look = f"import importlib.util as u, sys; sys.exit(u.find_spec('{name}') is None)"
            return subprocess.run([PYTHON, "-c", look], capture_output=True, check=False).returncode != 0
        return shutil.which(name) is None

    def pages_of(self, name, workload, quick):
        fewer = (self.pages or {}).get(name, workload.pages)
        return min(fewer, workload.pages, QUICK_PAGES if quick and name in (self.pages or {}) else fewer)


def shoal(engine, *more):
    return lambda task: [f"{task.build}/shoal", "fetch", "-e", engine, "-i", task.list(), "-c", str(task.in_flight),
                         *more]


def bodies_kept(task):
    return [f"{task.build}/bench_engine", "kept", task.list(), "0", str(task.in_flight)]


def wget2(task):
    return ["wget2", "-q", "-O", "/dev/null", f"--max-threads={task.in_flight}", "-i", task.list()]


def curl(task):
    config = task.write("curl", 'url = "{}"\noutput = "/dev/null"\n')
    return ["curl", "-q", "-s", "-Z", "--parallel-immediate", "--parallel-max", str(task.in_flight), "-K", config]


def aria2(task):
    """It has no way to drop what it reads: it writes files, in memory."""
    task.clear()
    return ["aria2c", "-q", "--no-conf", "--file-allocation=none", "-x1", "-s1", f"-j{task.in_flight}", "-d", task.kept,
            "-i", task.list()]


def wrk(task):
    return ["wrk", "-t1", f"-c{task.in_flight}", f"-d{task.seconds}s", task.urls[0]]


def python(kind):
    return lambda task: [PYTHON, PEERS, kind, task.list(), str(task.in_flight)]


def crawl(*more):
    return lambda task: [f"{task.build}/shoal", "crawl", "-c", str(task.in_flight), "--per-host", "0", "--delay", "0",
                         "--format", "text", *more, task.urls[0]]


def mirror(task):
    task.clear()
    return crawl("-O", task.kept)(task)


def wget2_mirror(task):
    """It finds links in what it keeps alone."""
    task.clear()
    return ["wget2", "-q", "-r", "-l", "0", "--robots=off", f"--max-threads={task.in_flight}", "-P", task.kept,
            task.urls[0]]


# Fewer pages make a run of a second or two of each; all get all 15 pages of `seed`.
FIELD = (
    Contender("shoal", "build:shoal", "", shoal("processes")),
    Contender("shoal-threads", "build:shoal", "", shoal("threads")),
    Contender("shoal-unconfined", "build:shoal", "", shoal("processes", "--sandbox", "none"), when_named=True),
    Contender("bodies-kept", "build:bench_engine", "", bodies_kept, workloads=("burst",)),
    Contender("wget2", "wget2", "wget2", wget2, in_flight_max=256),
    Contender("curl-Z", "curl", "curl", curl, in_flight_max=300),
    Contender("aria2c", "aria2c", "aria2", aria2,
              {"burst": 3000, "tiny": 3000, "large": 3000, "delay": 3000}),
    Contender("aiohttp", "module:aiohttp", "python3-aiohttp", python("aiohttp"),
              {"burst": 10000, "tiny": 10000, "large": 6000, "delay": 5000}),
    Contender("py-threads-5", "module:requests", "python3-requests", python("threads"),
              {"burst": 2000, "tiny": 2000, "large": 1500, "delay": 150}, in_flight_max=5),
    Contender("py-processes", "module:requests", "python3-requests", python("processes"),
              {"burst": 3000, "tiny": 3000, "large": 2000, "delay": 60}, in_flight_max=os.cpu_count() or 1),
    Contender("py-serial", "module:requests", "python3-requests", python("serial"),
              {"burst": 2000, "tiny": 2000, "large": 1500, "delay": 30}, in_flight_max=1),
    Contender("scrapy", "module:scrapy", "python3-scrapy", python("scrapy"),
              {"burst": 600, "tiny": 600, "large": 500, "delay": 1500}),
    # Those that follow links.
    Contender("shoal", "build:shoal", "", crawl(), workloads=("crawl",), beside=1),
    Contender("shoal-mirror", "build:shoal", "", mirror, workloads=("crawl",), beside=1),
    Contender("wget2", "wget2", "wget2", wget2_mirror, workloads=("crawl",)),
    Contender("scrapy", "module:scrapy", "python3-scrapy", python("scrapy-crawl"), {"crawl": 600}, workloads=("crawl",)),
    Contender("wrk", "wrk", "wrk", wrk, workloads=("burst", "tiny", "large", "delay"), is_limit=True),
)
