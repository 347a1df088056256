# One run of one program: its wall time, the CPU time of it and of all its children, how it ended.
import os
import signal
import subprocess
import time
from typing import NamedTuple

ASK_SECONDS = 5
# A contender gets nothing of the user's: no proxy, no .curlrc, no .netrc.
KEPT = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


def environment(home):
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return dict(kept, HOME=home, TMPDIR=home, LC_ALL="C.UTF-8")


class Run(NamedTuple):
    wall_s: float
    cpu_s: float  # user and system, of the program and of those of its children that it waited for
    status: int  # exit status; negative: the signal
    killed: bool  # it was not done in time
    output: str
    ended_s: float  # by time.monotonic()


def kill_group(pid):
    """Ends a program that was started in a session of its own, with all that it started there."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def wait_in_time(pid, stop, seconds):
    """False: the time has passed. Raises Stopped."""
    deadline_s = time.monotonic() + seconds
    fd = os.pidfd_open(pid)
    try:
        while not stop.wait(fd, max(0, deadline_s - time.monotonic())):
            if time.monotonic() >= deadline_s:
                return False
        return True
    finally:
        os.close(fd)


def run(command, stop, home, seconds):
    """Runs it to its end, or for so long. Nothing of it is left then, nor when Stopped is raised."""
    stop.check()
    output_path = os.path.join(home, "output")
    killed = False
    with open(output_path, "wb") as output, open(os.path.join(home, "errors"), "wb") as errors:
        began_s = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=home,
                                 env=environment(home), start_new_session=True)
        try:
            killed = not wait_in_time(child.pid, stop, seconds)
        finally:
            ended_s = time.monotonic()
            kill_group(child.pid)  # while its number is surely not another's: it is not reaped yet
            _, waited, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(waited)
    with open(output_path, errors="replace") as output:
        head = output.read(4096)
    return Run(ended_s - began_s, usage.ru_utime + usage.ru_stime, child.returncode, killed, head, ended_s)


def ask(command, stream="stdout"):
    """What a program says of itself; empty when it is not there, or does not say it soon."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, errors="replace", start_new_session=True)
    except OSError:
        return ""
    try:
        output, errors = child.communicate(timeout=ASK_SECONDS)
    except subprocess.TimeoutExpired:
        kill_group(child.pid)
        output, errors = child.communicate()
    return (output if stream == "stdout" else errors).strip()
