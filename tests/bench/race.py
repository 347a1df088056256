# Contenders in turn on one workload, round by round: a drift of the machine's speed hits all alike.
import os
import shutil
import statistics
import time

import program
from contenders import Task

LIMIT_SECONDS = 2  # of those that run for a time


class Entry:
    """A contender in one workload, and what its rounds gave."""

    def __init__(self, contender, task, pages):
        self.contender = contender
        self.command = contender.command
        self.task = task
        self.pages = pages  # 0: as many as it can in the time
        self.rounds = []

    @property
    def name(self):
        return self.contender.name

    def notes(self):
        """What is wrong, one line for each kind; empty: its figures may be compared."""
        wrong = {}
        for number, one in enumerate(self.rounds, 1):
            if one["wrong"]:
                wrong.setdefault(one["wrong"], []).append(str(number))
        return [f"{self.name}: {what} (round {', '.join(numbers)})" for what, numbers in wrong.items()]

    def values(self, key):
        return [one[key] for one in self.rounds if not one["wrong"]]

    def median(self, key):
        values = self.values(key)
        return statistics.median(values) if values else None

    def ratios(self, base):
        """How much faster `base` was, round by round; empty where that means nothing."""
        if base is self or self.notes() or base.notes():
            return []
        return [ours / theirs for ours, theirs in zip(base.values("rate"), self.values("rate"))]


def ready_of(run):
    """The clock and the CPU time when a peer said that it was ready; None: it says nothing."""
    words = run.output.split()
    return (float(words[1]), float(words[2])) if words[:1] == ["ready"] and len(words) >= 3 else None


def wrong_of(run, seconds, pages, seen):
    if run.killed:
        return f"killed after {seconds} s"
    if run.status:
        return f"exit status {run.status}" if run.status > 0 else f"killed by signal {-run.status}"
    if pages and seen != pages:
        return f"the server saw {seen:,} requests for {pages:,} pages"
    return ""


class Race:
    def __init__(self, name, workload, contenders, site, options):
        self.name, self.workload, self.site = name, workload, site
        self.stop, self.seconds, self.build = options.stop, options.seconds, options.build
        self.home = os.path.join(options.home, name)
        os.mkdir(self.home)
        self.entries = []
        for contender in contenders:
            pages = contender.pages_of(name, workload, options.quick)
            in_flight = min(workload.in_flight, contender.in_flight_max)
            task = Task(self.build, self.home, site.urls(workload, pages), in_flight,
                        1 if options.quick else LIMIT_SECONDS)
            self.entries.append(Entry(contender, task, 0 if contender.is_limit else pages))

    def entry(self, name):
        return next((entry for entry in self.entries if entry.name == name), None)

    def run_one(self, entry):
        server = self.site.server(self.workload.server)
        command = entry.command(entry.task)
        before = server.requests()
        run = program.run(command, self.stop, self.home, self.seconds)
        seen = self.seen_since(server, before)
        entry.task.clear()
        # A limit ends with a request open on each connection.
        pages = entry.pages or max(0, seen - entry.task.in_flight)
        wall_s, cpu_s = run.wall_s, run.cpu_s
        ready = ready_of(run)
        if ready and entry.pages < self.workload.pages:
            wall_s, cpu_s = run.ended_s - ready[0], cpu_s - ready[1]
        wrong = wrong_of(run, self.seconds, entry.pages, seen - entry.contender.beside)
        entry.rounds.append({"wall_s": wall_s, "cpu_s": cpu_s, "seen": seen, "status": run.status, "wrong": wrong,
                             "rate": pages / wall_s, "cpu_us_per_page": cpu_s * 1e6 / max(1, pages)})

    def seen_since(self, server, before):
        """After the last request has been counted: what a killed client left is on its way still."""
        seen = server.requests() - before
        while True:
            self.stop.wait(None, 0.02)
            again = server.requests() - before
            if again == seen:
                return seen
            seen = again

    def run(self, rounds, show):
        """All rounds; what was done before a signal stays."""
        for number in range(1, rounds + 1):
            for entry in self.entries:
                self.stop.check()
                began_s = time.monotonic()
                self.run_one(entry)
                show(self.name, number, entry.name, time.monotonic() - began_s)

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)

    def started(self):
        return any(entry.rounds for entry in self.entries)

    def as_dict(self):
        base = self.entry("shoal")
        result = {"says": self.workload.says(), "pages": self.workload.pages, "hold_ms": self.workload.hold_ms,
                  "server": self.workload.server, "contenders": {}}
        for entry in self.entries:
            ratios = entry.ratios(base) if base else []
            result["contenders"][entry.name] = {
                "pages": entry.pages, "in_flight": entry.task.in_flight, "is_limit": entry.contender.is_limit,
                "median": {key: entry.median(key) for key in ("rate", "wall_s", "cpu_s", "cpu_us_per_page", "seen")},
                "shoal_is": statistics.median(ratios) if ratios else None, "shoal_is_each_round": ratios,
                "notes": entry.notes(), "rounds": entry.rounds}
        return result
