# The workloads: which pages, how many, and how many of them in flight.
from typing import NamedTuple


class Workload(NamedTuple):
    pages: int
    page: str  # how large
    hold_ms: int  # each page is held back so long; 0: it comes at once
    in_flight: int
    server: str  # "nginx", or "origin", the server of the tests, for pages that are held back
    path: str  # of page number {0}; empty: the pages of the classic futures example
    links: int = 0  # of each page; not 0: a crawl, which knows the first page and finds the others

    def says(self):
        held = f", each held back {self.hold_ms} ms" if self.hold_ms else ""
        linked = f", {self.links} links each, found from the first" if self.links else ""
        return f"{self.pages:,} pages of {self.page}{held}{linked}"

    def quick(self):
        """The same for a smoke test."""
        return self._replace(pages=min(self.pages, 300), in_flight=min(self.in_flight, 100),
                             hold_ms=self.hold_ms and 20)


SIZES_KIB = (1, 10, 100)  # of the pages that nginx has

WORKLOADS = {
    "burst": Workload(50000, "10 KiB", 0, 64, "nginx", "/10k/{0}"),
    "tiny": Workload(50000, "1 KiB", 0, 64, "nginx", "/1k/{0}"),
    "large": Workload(10000, "100 KiB", 0, 64, "nginx", "/100k/{0}"),
    "delay": Workload(20000, "10 KiB", 50, 1000, "origin", "/bytes/10240/{0}"),
    "seed": Workload(15, "55 to 457 KiB", 150, 15, "origin", ""),
    "crawl": Workload(20000, "10 KiB", 0, 64, "nginx", "/site{1}/{0}.html", 31),
}
