#!/usr/bin/env python3
"""walk.py URL: the pages that a plain walk over a site's links finds, one URL a line, sorted, with its status.

An independent second opinion on what `shoal crawl` finds: another language, another HTML parser (html.parser), another
URL parser (urllib), one page at a time, the same host only. It follows a, area, frame, iframe, meta refresh, link with rel next, prev,
canonical or alternate, and redirects.
"""
import collections
import http.client
import re
import sys
import urllib.parse
from html.parser import HTMLParser

SAFE_PATH = "/:@!$&'()*+,;=~-._%[]|^"
SAFE_QUERY = SAFE_PATH + "?"
# Most of a manual is tags of its text. html.parser takes 17 s of CPU for the Python manual, and 3 s when it sees only those
# that may matter: the ones that lead somewhere, and the ones within which a tag is none.
OTHER_TAG = re.compile(r"""<(?!/?(?:script|style|title|textarea|noscript|template)[\s/>])
                           (?!(?:a|area|base|link|meta|frame|iframe)[\s/>])
                           /?[A-Za-z][^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""", re.I | re.X)
FOLLOWED_RELS = {"next", "prev", "previous", "canonical", "alternate"}


def spelled(url):
    """The URL in its one spelling: no fragment, no default port, escapes in capitals and none for what needs none."""
    parts = urllib.parse.urlsplit(url)

    def unescape(match):
        char = chr(int(match.group(1), 16))
        return char if re.match(r"[A-Za-z0-9._~-]", char) else "%" + match.group(1).upper()

    def tidy(text, safe):
        text = re.sub(r"%([0-9A-Fa-f]{2})", unescape, text)
        return urllib.parse.quote(text, safe=safe)

    host = parts.hostname or ""
    port = parts.port
    if port and port != {"http": 80, "https": 443}.get(parts.scheme):
        host += f":{port}"
    path = tidy(parts.path, SAFE_PATH) or "/"
    query = tidy(parts.query, SAFE_QUERY)
    return urllib.parse.urlunsplit((parts.scheme, host, path, query, ""))


class Links(HTMLParser):
    """The URLs that a page leads to, as they stand there."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.base = None

    def handle_starttag(self, tag, attrs):
        at = {}
        for name, value in attrs:
            at.setdefault(name, value or "")
        if tag == "base" and "href" in at and self.base is None:
            self.base = at["href"]
        elif tag in ("a", "area") and "href" in at:
            self.found.append(at["href"])
        elif tag in ("frame", "iframe") and at.get("src"):
            self.found.append(at["src"])
        elif tag == "link" and "href" in at and FOLLOWED_RELS & set(at.get("rel", "").lower().split()):
            if "stylesheet" not in at.get("rel", "").lower().split():
                self.found.append(at["href"])
        elif tag == "meta" and at.get("http-equiv", "").lower() == "refresh":
            match = re.match(r"\s*[\d.]+\s*[;,]?\s*(?:url\s*=\s*)?[\"']?([^\"']+)", at.get("content", ""), re.I)
            if match:
                self.found.append(match.group(1))

    handle_startendtag = handle_starttag


class Walk:
    def __init__(self, seed):
        self.seed = spelled(seed)
        self.host = urllib.parse.urlsplit(self.seed).hostname
        self.seen = {self.seed}
        self.waiting = collections.deque([self.seed])
        self.admitted = set()  # (directory, reference) that were met before: nearly all
        self.status = {}
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.seed).netloc)

    def admit_once(self, base, reference):
        """From each page of a directory the same reference leads to the same page, unless it is a query alone or nothing."""
        reference = reference.strip().partition("#")[0]
        known = (base.partition("?")[0].rpartition("/")[0], reference)
        if reference[:1] in ("", "?") or known not in self.admitted:
            self.admitted.add(known)
            self.admit(base, reference)

    def admit(self, base, reference):
        url = urllib.parse.urljoin(base, re.sub(r"[\t\r\n]", "", reference.strip()))
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname != self.host:
            return
        url = spelled(url)
        if url not in self.seen:
            self.seen.add(url)
            self.waiting.append(url)

    def ask(self, url):
        parts = urllib.parse.urlsplit(url)
        self.connection.request("GET", parts.path + ("?" + parts.query if parts.query else ""))
        answer = self.connection.getresponse()
        return answer, answer.read()

    def run(self):
        while self.waiting:
            url = self.waiting.popleft()
            answer, body = self.ask(url)
            self.status[url] = answer.status
            if answer.status in (301, 302, 303, 307, 308) and answer.getheader("Location"):
                self.admit(url, answer.getheader("Location"))
            elif answer.status == 200 and (answer.getheader("Content-Type") or "").startswith("text/html"):
                links = Links()
                links.feed(OTHER_TAG.sub("", body.decode("utf-8", "replace")))
                links.close()
                base = urllib.parse.urljoin(url, links.base) if links.base is not None else url
                for reference in dict.fromkeys(links.found):
                    self.admit_once(base, reference)


def main():
    walk = Walk(sys.argv[1])
    walk.run()
    for url in sorted(walk.status):
        print(walk.status[url], url)


if __name__ == "__main__":
    sys.exit(main())
