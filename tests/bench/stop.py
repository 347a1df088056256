# SIGINT, SIGTERM and SIGHUP as something to wait for: nothing is ever interrupted halfway.
import os
import select
import signal


class Stopped(Exception):
    """A signal asked for the end."""


class Stop:
    def __init__(self):
        self.number = 0
        self.fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._note)

    def _note(self, number, _frame):
        self.number = self.number or number

    def check(self):
        if self.number:
            raise Stopped

    def wait(self, fd, seconds):
        """True: fd is readable; False: it was not in time. Raises Stopped."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        if fd is not None:
            poll.register(fd, select.POLLIN)
        ready = [at for at, _ in poll.poll(seconds * 1000)]
        self.check()
        if self.fd in ready:  # a signal that is none of ours, as SIGWINCH: what it wrote is of no use
            os.read(self.fd, 512)
        return fd in ready
