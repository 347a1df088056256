#!/usr/bin/env python3
# A crawl of many hosts, several to an address, with a delay: does it take the time that the delays imply, no less and not
# much more? The hosts are names of --resolve on addresses of the loopback network; all first pages are seeds.
#
# Exit status: 0; 1 it took another time than the delays imply, or a host or an address saw more than the limits; 2 usage; 3 it cannot
# start; 130, 143 stopped by a signal.
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict

sys.dont_write_bytecode = True  # the sources stay as they are

import program  # noqa: E402
from stop import Stop, Stopped  # noqa: E402

TOLERANCE = 0.10
LOG_MAX = 60000  # requests that the server writes down (tests/support/web.h)
# Starts are a delay apart where they are decided. Two may come closer to each other when the first is held up on its way, on a busy
# machine by a good part of the delay; all of them together may not.
GAP_SHARE = 0.5


def at_least(least):
    def number(text):
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f'"{text}" is no number from {least}')
        return int(text)
    return number


def read_options():
    parser = argparse.ArgumentParser(prog="tests/bench/hosts.py", description="A polite crawl of many hosts.")
    add = parser.add_argument
    add("--hosts", type=at_least(1), default=1000, metavar="N", help="names (1000)")
    add("--addresses", type=at_least(1), default=250, metavar="N", help="addresses that they share (250)")
    add("--pages", type=at_least(1), default=10, metavar="N", help="pages of a host on the average: half of it to one and a half (10)")
    add("--delay", type=at_least(1), default=250, metavar="MS", help="between two starts at a host, and at an address (250)")
    add("--hold", type=at_least(0), default=30, metavar="MS", help="the server holds each answer back so long (30)")
    add("--per-host", type=at_least(1), default=4, metavar="N", help="in flight to a host, and to an address (4)")
    add("--concurrency", type=at_least(1), default=256, metavar="N", help="in flight, all together (256)")
    add("--build", default="build", metavar="DIR", help="where shoal was built (build)")
    options = parser.parse_args()
    most = (options.pages + options.pages // 2 + 1) * options.hosts
    if most > LOG_MAX:
        parser.error(f"{most} requests are more than the server can write down, {LOG_MAX}")
    return options


def pages_of(host, pages):
    """Hosts differ: from half of the average to one and a half, the same on every machine."""
    spread = pages // 2
    return pages - spread + host * 7 % (2 * spread + 1)


class Server:
    def __init__(self, options):
        self.process = subprocess.Popen([os.path.join(options.build, "bench_hosts"), str(options.addresses),
                                         str(options.hold)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        start_new_session=True)
        first = self.process.stdout.readline()
        if not first.strip().isdigit():
            self.close()
            raise OSError("the server does not start")
        self.port = int(first)
        self.addresses = [self.process.stdout.readline().strip() for _ in range(options.addresses)]

    def end(self):
        """What it was asked."""
        output, _ = self.process.communicate()
        return [(host, address, int(came_ns), int(answered_ns), path) for host, address, came_ns, answered_ns, path in
                map(str.split, output.splitlines())]

    def close(self):
        if self.process.poll() is None:
            program.kill_group(self.process.pid)
            self.process.wait()


class Treatment:
    """What one host, or one address, saw: times of its requests, in order."""

    def __init__(self):
        self.came_ns = []
        self.events = []

    def add(self, came_ns, answered_ns):
        self.came_ns.append(came_ns)
        # At one time: an answer first, then what comes.
        self.events += [(came_ns, 1), (answered_ns or 1 << 62, -1)]

    def most_in_flight(self):
        now = most = 0
        for _, step in sorted(self.events):
            now += step
            most = max(most, now)
        return most

    def hurried_ms(self, delay_ms):
        """By how much they came sooner than their delays allow, but for the first, which may have been late, and the last."""
        return (len(self.came_ns) - 2) * delay_ms - (self.came_ns[-1] - self.came_ns[0]) / 1e6

    def gap_ms(self):
        return min(((after - before) / 1e6 for before, after in zip(self.came_ns, self.came_ns[1:])), default=None)


def treatments(log, key):
    found = defaultdict(Treatment)
    for entry in log:
        found[key(entry)].add(entry[2], entry[3])
    return found.values()


def crawl(options, server, stop, home):
    names = [f"h{host}-{pages_of(host, options.pages)}.test" for host in range(options.hosts)]
    seeds = os.path.join(home, "seeds")
    with open(seeds, "w") as out:
        out.writelines(f"http://{name}:{server.port}/0\n" for name in names)
    command = [os.path.join(options.build, "shoal"), "crawl", "-i", seeds, "--delay", f"{options.delay}ms", "--per-host",
               str(options.per_host), "-c", str(options.concurrency)]
    for host, name in enumerate(names):
        command += ["--resolve", f"{name}:{server.port}:{server.addresses[host % options.addresses]}"]
    return program.run(command, stop, home, 3600)


def report(options, run, log):
    """Prints it; what is wrong, a line each."""
    expected = sum(1 + pages_of(host, options.pages) for host in range(options.hosts))  # robots.txt is a request too
    busiest = max(Counter(entry[1] for entry in log).values(), default=0)
    implied_s = busiest * options.delay / 1000
    print(f"{options.hosts:,} hosts at {options.addresses:,} addresses, {len(log):,} requests, {options.delay} ms apart; "
          f"answers held back {options.hold} ms")
    ratio = run.wall_s / implied_s if implied_s else 0
    print(f"the delays imply {implied_s:.2f} s ({busiest} requests at the busiest address); it took {run.wall_s:.2f} s: "
          f"{ratio:.3f}; CPU {run.cpu_s:.2f} s")
    wrong = [] if run.status == 0 and len(log) == expected else [
        f"exit status {run.status}, {len(log)} requests, not {expected}"]
    if abs(ratio - 1) > TOLERANCE:
        wrong.append(f"that is not within {TOLERANCE:.0%}")
    for what, key in (("host", lambda entry: entry[0]), ("address", lambda entry: entry[1])):
        seen = treatments(log, key)
        most = max((one.most_in_flight() for one in seen), default=0)
        gap_ms = min((gap for gap in (one.gap_ms() for one in seen) if gap is not None), default=options.delay)
        print(f"one {what}: at most {most} in flight (limit {options.per_host}), at least {gap_ms:.1f} ms apart")
        if most > options.per_host:
            wrong.append(f"{most} in flight to one {what}")
        if gap_ms < options.delay * GAP_SHARE:
            wrong.append(f"two requests to one {what} {gap_ms:.1f} ms apart")
        hurried_ms = max((one.hurried_ms(options.delay) for one in seen), default=0)
        if hurried_ms > 0:
            wrong.append(f"all requests to one {what} within {hurried_ms:.1f} ms less than their delays")
    return wrong


def main():
    options = read_options()
    options.build = os.path.abspath(options.build)
    stop = Stop()
    home = tempfile.mkdtemp(prefix="shoal-hosts.")
    server = None
    try:
        server = Server(options)
        run = crawl(options, server, stop, home)
        wrong = report(options, run, server.end())
    except Stopped:
        return 128 + stop.number
    except OSError as error:
        print("hosts:", error, file=sys.stderr)
        return 3
    finally:
        if server:
            server.close()
        shutil.rmtree(home, ignore_errors=True)
    for line in wrong:
        print("!", line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
