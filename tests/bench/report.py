# What was measured, as a table of at most 80 columns, and as JSON.
import errno
import json
import os
import sys
import textwrap

COLUMNS = 80
ROW = "{:13} {:>7} {:>6} {:>8} {:>14} {:>7} {:>8} {:>10}"


def wrap(text, indent=2):
    return textwrap.fill(text, COLUMNS, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)


def short(value):
    """Three digits that matter."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def span(values, form):
    return f"{form(min(values))}..{form(max(values))}" if values else ""


def whole(value):
    return f"{value:.0f}"


class Progress:
    """One line that is written over, on a terminal alone."""

    def __init__(self):
        self.shown = sys.stderr.isatty()

    def show(self, *words):
        if self.shown:
            text = " ".join(str(word) for word in words)[: COLUMNS - 1]
            sys.stderr.write(f"\r{text:{COLUMNS - 1}}\r")
            sys.stderr.flush()

    def round(self, workload, number, name, seconds):
        self.show(f"{workload}: round {number}: {name} {seconds:.1f} s")


def machine_lines(machine):
    memory = f'{machine["memory_bytes"] / 2**30:.0f} GiB'
    about = [f'{machine["cpus"]} CPUs, {machine["cpu"]}' + (" (virtual)" if machine["is_virtual"] else ""), memory,
             machine["distribution"], machine["kernel"], machine["date"]]
    used = [f"{name} {version}" for name, version in machine["versions"].items()]
    lines = [wrap("; ".join(about)), wrap(f'{machine["shoal"]}; {machine["compiler"]}'),
             wrap("with " + ", ".join(used))]
    if machine["load_at_start"] > 0.5:
        lines.append(wrap(f'The machine was not quiet: load {machine["load_at_start"]:.1f} at the start.'))
    return lines


def row(name, one, by_wall):
    """by_wall: one run is over so soon that a rate says little."""
    key, scale = ("wall_s", 1000) if by_wall else ("rate", 1)
    values = [each[key] * scale for each in one["rounds"] if not each["wrong"]]
    median = one["median"][key]
    ratio = one["shoal_is"]
    return ROW.format(
        name, f'{one["pages"]:,}' if one["pages"] else "-", one["in_flight"],
        f"{median * scale:,.0f}" if values else "-", span(values, whole),
        f'{one["median"]["cpu_us_per_page"]:,.1f}' if values else "-",
        short(ratio) + "x" if ratio else "-", span(one["shoal_is_each_round"], short)).rstrip()


def workload_lines(name, one):
    by_wall = name == "seed"
    rounds = max(len(each["rounds"]) for each in one["contenders"].values())
    lines = ["", wrap(f'{name}: {one["says"]}, from {one["server"]}; rounds: {rounds}'),
             ROW.format("contender", "pages", "flight", "wall ms" if by_wall else "pages/s", "min..max", "CPU us",
                        "shoal is", "min..max")]
    for contender, each in one["contenders"].items():
        if each["rounds"]:
            lines.append(row(contender, each, by_wall))
    for each in one["contenders"].values():
        lines.extend(wrap("! " + note) for note in each["notes"])
    return lines


def engine_lines(figures, burst):
    lines = []
    for engine in ("processes", "threads"):
        one = figures.get(f"empty_tasks_per_second_{engine}")
        if one:
            lines.append(f'empty tasks, 2 {engine}: {one["median"]:,.0f} a second '
                         f'({span([one["min"], one["max"]], whole)})')
    if "submit_to_start_us" in figures:
        one = figures["submit_to_start_us"]
        lines.append(f'submit to start: p50 {one["p50"]:.0f} us, p99 {one["p99"]:.0f} us')
    if "pending_future_bytes" in figures:
        one = figures["pending_future_bytes"]
        lines.append(f'a pending future: {one["stated"]:.0f} bytes and its URL, as executor_stats() says; '
                     f'{one["resident"]:.0f} resident, {one["of_them_url"]:.0f} of them its URL, '
                     f'by {one["futures"]:,.0f} of them')
    if burst and burst["median"]["cpu_us_per_page"]:
        lines.append(f'CPU of a page of 10 KiB: {burst["median"]["cpu_us_per_page"]:.1f} us')
    if "start_ms" in figures:
        lines.append("one URL from a cold start, ms: " +
                     ", ".join(f"{name} {ms:.1f}" for name, ms in figures["start_ms"].items()))
    return ["", "engine:"] + [wrap("  " + line, 4) for line in lines] if lines else []


LEGEND = """pages: how many it gets, fewer for the slow ones, whose rate is what is compared; flight: transfers at a
time, at most; CPU us: CPU time of a page, all its processes; shoal is: how much faster shoal was, median of the rounds;
wrk is no fetcher: one request again and again, the limit."""


def missing_line(missing):
    return wrap("not installed, left out: " + ", ".join(f"{name} ({package})" for name, package in missing.items()) +
                "; in brackets the Debian package that brings it")


def print_all(found):
    lines = machine_lines(found["machine"])
    for name, one in found["workloads"].items():
        lines += workload_lines(name, one)
    burst = found["workloads"].get("burst", {}).get("contenders", {}).get("shoal")
    lines += engine_lines(found["engine"], burst)
    lines.append("")
    if found["workloads"]:
        lines.append(wrap(" ".join(LEGEND.split()), 0))
    if found["missing"]:
        lines.append(missing_line(found["missing"]))
    lines.extend(wrap("! " + note) for note in found["notes"])
    print("\n".join(lines), flush=True)


def json_place(path):
    """Where it is written first. A pipe or a device is never replaced, a link stays one."""
    special = os.path.exists(path) and not os.path.isfile(path)
    return path if special else os.path.realpath(path) + ".part"


def check_json(path):
    """Raises what write_json() would raise, before there is anything to lose."""
    place = json_place(path)
    if place != path:
        with open(place, "w"):
            pass
        os.remove(place)
    elif os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    elif not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def write_json(found, path):
    """Whole, or not at all."""
    place = json_place(path)
    try:
        with open(place, "w") as out:
            json.dump(found, out, indent=1)
            out.write("\n")
        if place != path:
            os.replace(place, os.path.realpath(path))
    except OSError:
        if place != path and os.path.exists(place):
            os.remove(place)
        raise
