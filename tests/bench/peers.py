#!/usr/bin/python3
# Runs in: tests, as a program of its own. The fetchers in Python that a user would have written instead of using shoal.
#
#     peers.py serial|threads|processes|aiohttp|scrapy FILE N      the URLs of FILE, N at a time (0: one a CPU)
#     peers.py scrapy-crawl FILE N      and what they lead to
#
# Prints "ready CLOCK CPU" once all is imported: those that get fewer pages are measured from there.
import resource
import sys
import time


def say_ready():
    used = resource.getrusage(resource.RUSAGE_SELF)
    print("ready", time.monotonic(), used.ru_utime + used.ru_stime, flush=True)


def read_list(path):
    with open(path) as lines:
        return lines.read().split()


def load(url):
    import requests  # is imported already: serial and the pools do that before they say that they are ready

    answer = requests.get(url, timeout=60)
    answer.raise_for_status()
    return len(answer.content)


def fetch_serial(urls, _count):
    import requests  # noqa: F401

    say_ready()
    return [load(url) for url in urls]


def fetch_by_pool(kind, urls, count):
    import concurrent.futures as futures

    import requests  # noqa: F401

    say_ready()
    pool = futures.ThreadPoolExecutor if kind == "threads" else futures.ProcessPoolExecutor
    with pool(max_workers=count or None) as executor:
        waiting = [executor.submit(load, url) for url in urls]
        return [future.result() for future in futures.as_completed(waiting)]


def fetch_by_aiohttp(urls, count):
    import asyncio

    import aiohttp

    async def work(session, left, sizes):
        for url in left:
            async with session.get(url) as answer:
                answer.raise_for_status()
                sizes.append(len(await answer.read()))

    async def fetch():
        sizes = []
        left = iter(urls)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=count)) as session:
            await asyncio.gather(*[work(session, left, sizes) for _ in range(count)])
        return sizes

    say_ready()
    return asyncio.run(fetch())


def fetch_by_scrapy(urls, count, follows=False):
    import scrapy
    from scrapy.crawler import CrawlerProcess

    sizes = []

    class Pages(scrapy.Spider):
        name = "pages"

        def start_requests(self):
            return (scrapy.Request(url) for url in urls)

        def parse(self, response):
            sizes.append(len(response.body))
            if follows:
                yield from response.follow_all(css="a", callback=self.parse)

    process = CrawlerProcess({"CONCURRENT_REQUESTS": count, "CONCURRENT_REQUESTS_PER_DOMAIN": count,
                              "ROBOTSTXT_OBEY": False, "TELNETCONSOLE_ENABLED": False, "LOG_ENABLED": False})
    process.crawl(Pages)
    say_ready()
    process.start()
    return sizes


def main():
    kind, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    urls = read_list(path)
    if kind == "serial":
        sizes = fetch_serial(urls, count)
    elif kind == "aiohttp":
        sizes = fetch_by_aiohttp(urls, count)
    elif kind.startswith("scrapy"):
        sizes = fetch_by_scrapy(urls, count, kind == "scrapy-crawl")
    else:
        sizes = fetch_by_pool(kind, urls, count)
    return 0 if len(sizes) == len(urls) or (kind == "scrapy-crawl" and sizes) else 1


if __name__ == "__main__":
    sys.exit(main())
