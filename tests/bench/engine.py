# The engine's own figures: tasks that do nothing, futures that wait, and the start of the program.
import os
import statistics

import program

STARTS = 20


class EngineError(Exception):
    """bench_engine did not do what it was asked."""


class Engine:
    def __init__(self, options):
        self.stop, self.build, self.home, self.seconds = options.stop, options.build, options.home, options.seconds
        self.rounds = 1 if options.quick else 3
        self.scale = 100 if options.quick else 1
        self.figures = {}

    def ask(self, *arguments):
        """bench_engine's lines, as a dictionary; numbers where they are."""
        command = [os.path.join(self.build, "bench_engine"), *[str(argument) for argument in arguments]]
        done = program.run(command, self.stop, self.home, self.seconds)
        if done.killed or done.status:
            raise EngineError(f'{" ".join(command)}: ' + ("killed" if done.killed else f"status {done.status}"))
        said = dict(line.split(" ", 1) for line in done.output.splitlines())
        return {name: float(value) for name, value in said.items() if name != "engine"}

    def measure_empty(self, engine):
        rates = [self.ask("empty", 2000000 // self.scale, 2, engine)["tasks_per_second"] for _ in range(self.rounds)]
        self.figures[f"empty_tasks_per_second_{engine}"] = {
            "median": statistics.median(rates), "min": min(rates), "max": max(rates), "workers": 2}

    def measure_latency(self):
        said = [self.ask("latency", 20000 // self.scale) for _ in range(self.rounds)]
        self.figures["submit_to_start_us"] = {
            part: statistics.median(one[f"submit_to_start_{part}_us"] for one in said) for part in ("p50", "p99")}

    def measure_pending(self):
        said = self.ask("pending", 1000000 // self.scale)
        self.figures["pending_future_bytes"] = {
            "futures": said["futures"], "resident": said["resident_bytes_per_future"],
            "of_them_url": said["url_bytes_per_future"], "stated": said["stated_bytes_per_future"]}

    def measure_start(self, url):
        """One URL from a cold start, in turn with curl, and with a program that does nothing."""
        commands = {"shoal": [os.path.join(self.build, "shoal"), "fetch", "-q", url],
                    "curl": ["curl", "-q", "-s", "-o", "/dev/null", url], "true": ["true"]}
        times = {name: [] for name in commands}
        for _ in range(max(2, STARTS // self.scale)):
            for name, command in commands.items():
                try:
                    done = program.run(command, self.stop, self.home, self.seconds)
                except FileNotFoundError:
                    continue
                if done.status == 0 and not done.killed:
                    times[name].append(done.wall_s * 1000)
        self.figures["start_ms"] = {name: statistics.median(taken) for name, taken in times.items() if taken}

    def run(self, url, show):
        """url: of one page, for the start; None: no server for it. What was measured before a signal stays."""
        steps = [("empty tasks, processes", lambda: self.measure_empty("processes")),
                 ("empty tasks, threads", lambda: self.measure_empty("threads")),
                 ("latency", self.measure_latency), ("pending futures", self.measure_pending)]
        if url:
            steps.append(("start", lambda: self.measure_start(url)))
        for name, measure in steps:
            show(name)
            measure()
