# The pages and who serves them: nginx those that come at once, the server of the tests those held back.
#
# The origin holds pages back, as nginx does with a module for it, at the same rate with half of the CPU time.
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

from program import environment
from workloads import SIZES_KIB

START_SECONDS = 10
NGINX_WORKERS = 2

# The names that tests/origin/wiki.c serves.
EXAMPLE = """Portal:Arts Portal:History Portal:Society Portal:Biography Portal:Mathematics Portal:Technology
Portal:Geography Portal:Science Computer_science Python_(programming_language) Java_(programming_language) PHP
Node.js The_C_Programming_Language Go_(programming_language)""".split()

CONFIG = """
worker_processes {workers}; daemon off; master_process on; pid {at}/nginx.pid; error_log {at}/nginx.log;
worker_rlimit_nofile 16384;
events {{ worker_connections 4096; }}
http {{
  access_log off; default_type text/html; sendfile on; tcp_nopush on; server_tokens off;
  keepalive_requests 100000000; keepalive_timeout 75s; open_file_cache max=64;
  client_body_temp_path {at}/t; proxy_temp_path {at}/t; fastcgi_temp_path {at}/t; uwsgi_temp_path {at}/t;
  scgi_temp_path {at}/t;
  server {{
    listen 127.0.0.1:{port} backlog=4096; root {at}/pages;
    location = /count {{ stub_status; }}
{locations}
  }}
}}
"""


class SiteError(Exception):
    """A server that does not start or answer."""


def make_page(body_bytes, seed):
    """HTML of exactly so many bytes, the same on every machine."""
    random_of = random.Random(seed)
    tail = "</body>\n</html>\n"
    html = "<!DOCTYPE html>\n<html>\n<head><title>A page</title></head>\n<body>\n"
    while len(html) < body_bytes:
        words = ["".join(random_of.choices("aeinorstu", k=random_of.randint(2, 9))) for _ in range(14)]
        html += f'<p>{" ".join(words)} <a href="/{random_of.randrange(1000)}">{words[0]}</a></p>\n'
    return html[: body_bytes - len(tail)] + tail


def make_site(directory, pages, links, body_bytes):
    """Linked pages of about so many bytes, 0.html to N.html, the same on every machine. Each leads to the two after it in a tree, so that
    all are reachable from the first; its other links lead anywhere."""
    random_of = random.Random(pages)
    text = re.sub("<a [^>]*>(.*?)</a>", "<b>\\1</b>", make_page(4 * body_bytes, pages))
    paragraphs = [line for line in text.split("\n") if line.startswith("<p>")]
    per_page = (body_bytes - 45 * links) * len(paragraphs) // len(text)
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    for number in range(pages):
        targets = [child for child in (2 * number + 1, 2 * number + 2) if child < pages]
        targets += random_of.choices(range(pages), k=links - len(targets))
        random_of.shuffle(targets)
        first = random_of.randrange(len(paragraphs) - per_page)
        lines = paragraphs[first : first + per_page]
        for at, target in enumerate(targets):
            lines[at * per_page // links] += f'\n<a href="{target}.html">page {target}</a>'
        with open(f"{directory}/{number}.html", "w") as out:
            out.write(f"<!DOCTYPE html>\n<html>\n<head><title>Page {number}</title></head>\n<body>\n" +
                      "\n".join(lines) + "\n</body>\n</html>\n")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return answer.read().decode()


class Server:
    """What both have: a process that was started, and a count of requests."""

    def __init__(self, stop):
        self.stop = stop
        self.process = None
        self.base = ""

    def start(self, command, home, **more):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment(home), cwd=home,
                                        start_new_session=True, **more)

    def wait_for(self, holds, what):
        """Until holds() is true of a server that lives. Raises, and then it is gone: nobody knows of it yet."""
        deadline_s = time.monotonic() + START_SECONDS
        try:
            while not holds():
                if self.process.poll() is not None or time.monotonic() > deadline_s:
                    raise SiteError(f"{what} does not start")
                self.stop.wait(None, 0.02)
        except BaseException:
            self.close()
            raise

    def requests(self):
        """How many requests it has seen, those that asked this not counted."""
        self.asked += 1
        return self.seen() - self.asked

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


class Nginx(Server):
    program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    package = "nginx-light"

    def __init__(self, home, sizes, stop):
        super().__init__(stop)
        self.asked = 0
        self.home = home
        pages = os.path.join(home, "pages")
        os.mkdir(pages)
        os.chmod(home, 0o755)  # nginx's workers may be another user's
        os.chmod(pages, 0o755)
        for kib in sizes:
            with open(f"{pages}/{kib}k.html", "w") as out:
                out.write(make_page(kib * 1024, kib))
        for _ in range(5):  # a port that was free may be taken meanwhile
            if self.answers(home, sizes):
                return
            self.close()
        with open(f"{home}/nginx.log") as log:
            raise SiteError("nginx does not start: " + log.read()[-500:])

    def make_site(self, workload, pages):
        """One of that size may be there already."""
        directory = os.path.join(self.home, "pages", f"site{pages}")
        if not os.path.exists(directory):
            make_site(directory, pages, workload.links, int(workload.page.split()[0]) * 1024)

    def answers(self, home, sizes):
        port = free_port()
        locations = "".join(f"    location /{kib}k/ {{ rewrite ^ /{kib}k.html break; }}\n" for kib in sizes)
        with open(f"{home}/nginx.conf", "w") as out:
            out.write(CONFIG.format(at=home, port=port, workers=NGINX_WORKERS, locations=locations))
        self.base = f"http://127.0.0.1:{port}"
        self.start([self.program, "-c", f"{home}/nginx.conf", "-e", f"{home}/nginx.log"], home,
                   stderr=subprocess.DEVNULL)
        try:
            self.wait_for(self.listens, "nginx")
        except SiteError:
            return False
        return True

    def listens(self):
        """Ours, not one of another that took the port: the process lives, and bound it."""
        try:
            get(self.base + "/count")
        except OSError:
            return False
        self.asked += 1
        return self.process.poll() is None

    def seen(self):
        return int(get(self.base + "/count").split("\n")[2].split()[2])


class Origin(Server):
    def __init__(self, home, program, hold_ms, stop):
        super().__init__(stop)
        self.asked = 0
        says = os.path.join(home, "origin")
        with open(says, "w") as out:
            self.start([program, "--port", "0", "--delay", f"{hold_ms}ms", "--die-with-parent"], home, stdout=out)
        self.wait_for(lambda: os.path.getsize(says) > 0, program)
        with open(says) as said:
            self.base = said.read().split()[1].rstrip("/")

    def seen(self):
        return int(get(self.base + "/stats").split()[1])


class Site:
    """Servers are started when they are first asked for; close() ends them."""

    def __init__(self, home, origin_program, workloads, stop):
        self.home, self.origin_program, self.stop = home, origin_program, stop
        self.example_ms = max([w.hold_ms for w in workloads if not w.path], default=0)
        self.servers = {}

    def server(self, name):
        if name not in self.servers:
            home = os.path.join(self.home, name)
            os.mkdir(home)
            self.servers[name] = (Nginx(home, SIZES_KIB, self.stop) if name == "nginx"
                                  else Origin(home, self.origin_program, self.example_ms, self.stop))
        return self.servers[name]

    def urls(self, workload, pages):
        """What a contender begins with that gets so many pages: all of them, or the first of a site of so many."""
        server = self.server(workload.server)
        base = server.base
        if workload.links:
            server.make_site(workload, pages)
            return [base + workload.path.format(0, pages)]
        if not workload.path:
            return [f"{base}/wiki/{name}" for name in EXAMPLE[:pages]]
        held = f"/delay/{workload.hold_ms}" if workload.hold_ms else ""
        return [base + held + workload.path.format(number) for number in range(pages)]

    def close(self):
        for server in self.servers.values():
            server.close()
