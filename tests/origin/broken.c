/* The table of broken answers. Section numbers are those of RFC 9110 (semantics),
 * RFC 9112 (HTTP/1.1) and RFC 1952 (gzip). */
#include "tests/origin/broken.h"

/* clang-format off: the table reads as name, comment, bytes. */
#define TIMES_2(text) text text
#define TIMES_10(text) text text text text text text text text text text
#define TIMES_100(text) TIMES_10(TIMES_10(text))
#define TIMES_1000(text) TIMES_10(TIMES_100(text))

#define OK "HTTP/1.1 200 OK\r\n"
#define FOUND "HTTP/1.1 302 Found\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define TYPE "Content-Type: text/plain\r\n"
#define END "Content-Length: 3\r\n\r\nok\n"
#define SMUGGLED "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsmuggled\n"
#define FILL_50 "01234567890123456789012345678901234567890123456789"

#define GZIP_OK "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xcf\xe6\x02\x00\x7d\x0e\x16\xda\x03\x00\x00\x00"
#define GZIP_BAD_CHECKSUM "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xcf\xe6\x02\x00\x82\x0e\x16\xda\x03\x00\x00\x00"
#define GZIP_SMUGGLED \
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x2b\xce\x2d\x4d\x4f\xcf\x49\x4d\xe1\x02\x00\x2a\x33" \
    "\xd2\x3a\x09\x00\x00\x00"
#define DEFLATE_OK "\xcb\xcf\xe6\x02\x00"

#define KEEPS(name, comment, bytes) \
    { \
        name, bytes, sizeof(bytes) - 1, BROKEN_KEEPS, comment \
    }
#define CLOSES(name, comment, bytes) \
    { \
        name, bytes, sizeof(bytes) - 1, BROKEN_CLOSES, comment \
    }
#define RESETS(name, comment, bytes) \
    { \
        name, bytes, sizeof(bytes) - 1, BROKEN_RESETS, comment \
    }

const struct broken_answer broken_answers[] = {
    /* Where to go next */
    KEEPS("two-locations", "two different Location headers: an error",
          FOUND "Location: /status/200\r\nLocation: /status/404\r\n" END),
    KEEPS("two-same-locations", "the same Location twice: may be followed",
          FOUND "Location: /status/200\r\nLocation: /status/200\r\n" END),
    KEEPS("empty-location", "302 with an empty Location: final", FOUND "Location:\r\n" END),
    KEEPS("missing-location", "302 without Location: final", FOUND END),
    KEEPS("location-blanks", "blanks in Location: to be percent-encoded", FOUND "Location: /echo?a b  c\r\n" END),
    KEEPS("location-utf8", "bytes above 0x7f in Location: to be percent-encoded",
          FOUND "Location: /echo?caf\xc3\xa9\r\n" END),
    KEEPS("location-crlf", "CRLF and a blank within Location, an obs-fold: never in a request",
          FOUND "Location: /echo\r\n X-Injected: yes\r\n" END),
    KEEPS("location-crlf-encoded", "%0d%0a in Location: stays encoded",
          FOUND "Location: /echo?%0d%0aX-Injected:%20yes\r\n" END),
    KEEPS("location-cr", "bare CR in Location: refuse", FOUND "Location: /echo\rX-Injected: yes\r\n" END),
    KEEPS("location-lf", "bare LF in Location: refuse, or a line of its own (9112 2.2)",
          FOUND "Location: /echo\nX-Injected: yes\r\n" END),
    KEEPS("location-nul", "NUL in Location: refuse", FOUND "Location: /echo\0/more\r\n" END),

    KEEPS("location-long", "a Location of 5,000 bytes: longer than a URL may be",
          FOUND "Location: /" TIMES_100(FILL_50) "\r\n" END),
    KEEPS("location-grows", "a Location that is short enough until it is percent-encoded",
          FOUND "Location: /echo?" TIMES_1000("\xc3\xa9") "\r\n" END),
    KEEPS("location-huge", "a Location of 500,000 bytes", FOUND "Location: /" TIMES_10(TIMES_1000(FILL_50)) "\r\n" END),
    KEEPS("refresh", "Refresh and <meta http-equiv=refresh> to itself: a page, nothing to follow",
          OK "Refresh: 0; url=/broken/refresh\r\nContent-Length: 67\r\n\r\n"
             "<meta http-equiv=\"refresh\" content=\"0; url=/broken/refresh\">ok....\n"),

    /* Cookies */
    KEEPS("cookies", "cookies, a supercookie, and one with control bytes: none is kept",
          OK "Set-Cookie: plain=cookie; Path=/\r\nSet-Cookie: super=cookie; Domain=1; Path=/\r\n"
             "Set-Cookie: control=a\tb\x01"
             "c; Path=/\r\n" END),
    KEEPS(
        "cookie-flood", "600 cookies: none is kept",
        OK TIMES_100(
            "Set-Cookie: a=b; Path=/\r\nSet-Cookie: c=d; Path=/\r\n"
            "Set-Cookie: e=f; Path=/\r\nSet-Cookie: g=h; Path=/\r\nSet-Cookie: i=j; Path=/\r\nSet-Cookie: k=l; Path=/\r\n")
            END),
    KEEPS("cookie-huge", "a cookie of 100,000 bytes", OK "Set-Cookie: a=" TIMES_1000(TIMES_2(FILL_50)) "\r\n" END),

    /* Header lines */
    KEEPS("header-flood", "20,000 short header lines", OK TIMES_10(TIMES_1000("X-Flood: yes\r\nX-Flood: too\r\n")) END),
    KEEPS("header-huge", "one header line of 500,000 bytes", OK "X-Huge: " TIMES_10(TIMES_1000(FILL_50)) "\r\n" END),
    KEEPS("header-endless-name", "500,000 bytes and no colon: no header at all",
          OK TIMES_10(TIMES_1000(FILL_50)) "\r\n" END),
    KEEPS("nul-in-header", "NUL in a value: refuse or blank (9110 5.5)", OK "X-Nul: be\0fore\r\n" END),
    KEEPS("bare-cr", "CR in a value: refuse or blank (9110 5.5)", OK "X-Cr: be\rfore\r\n" END),
    KEEPS("bare-lf", "lines that end in LF alone: may be taken (9112 2.2)",
          "HTTP/1.1 200 OK\nContent-Length: 3\n\nok\n"),
    KEEPS("obs-fold", "a folded header line: a blank (9112 5.2)", OK "X-Folded: one\r\n two\r\n\tthree\r\n" END),
    KEEPS("first-line-folded", "the first header line is folded: refuse or skip (9112 2.2)",
          OK " X-First: folded\r\n" END),
    KEEPS("blank-before-colon", "a blank between name and colon (9112 5.1)", OK "X-Blank : yes\r\n" END),
    CLOSES("header-cut", "closes within the header: incomplete", OK "Content-Le"),
    CLOSES("header-without-end", "closes before the blank line: incomplete", OK "Content-Length: 3\r\n"),

    /* Status lines */
    KEEPS("continue-flood", "5,000 answers 100 before the real one (9110 15.2)",
          TIMES_1000("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
                     "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                     "HTTP/1.1 100 Continue\r\n\r\n") OK END),
    CLOSES("switching", "101, which nobody asked for (9110 15.2.2)",
           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: none\r\nConnection: upgrade\r\n\r\nok\n"),
    CLOSES("http09", "a body without a header, as in HTTP/0.9: refuse", "<html><body>smuggled</body></html>\n"),
    CLOSES("junk", "bytes that are nothing: refuse",
           "\x16\x03\x01\x00\xff\xfe\x00\x00\x01\x80smuggled\r\n\r\n\x00\x00"),
    KEEPS("status-999", "a status of no class", "HTTP/1.1 999 Unheard Of\r\n" END),
    KEEPS("status-299", "an unknown success: as 200 (9110 15)", "HTTP/1.1 299 Fine\r\n" END),
    CLOSES("status-short", "a status of two digits: refuse", "HTTP/1.1 20 OK\r\n" END),
    CLOSES("status-letters", "a status that is no number: refuse", "HTTP/1.1 abc OK\r\n" END),
    CLOSES("version-9", "HTTP/9.9: refuse", "HTTP/9.9 200 OK\r\n" END),
    KEEPS("reason-missing", "no reason phrase: good (9112 4)", "HTTP/1.1 200 \r\n" END),

    /* How long the body is */
    KEEPS("204-with-body", "204 and then bytes: no body, and no next answer (9112 6.3)",
          "HTTP/1.1 204 No Content\r\n\r\n" SMUGGLED),
    KEEPS("204-with-length", "204 with Content-Length and body: no body (9112 6.3)",
          "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\nsmuggled\n"),
    KEEPS("304-with-body", "304 and then bytes: no body, and no next answer (9112 6.3)",
          "HTTP/1.1 304 Not Modified\r\nContent-Length: 58\r\n\r\n" SMUGGLED),
    KEEPS("head-with-body", "good for GET; to HEAD the body is sent all the same (9112 6.3)", OK TYPE END),
    CLOSES("length-too-long", "Content-Length 10, 3 bytes, FIN: incomplete (9112 8)",
           OK "Content-Length: 10\r\n\r\nok\n"),
    KEEPS("length-too-short", "more bytes than Content-Length: never the next answer (9112 6.3)", OK END SMUGGLED),
    CLOSES("two-lengths", "two different Content-Lengths: an error (9112 6.3)",
           OK "Content-Length: 3\r\nContent-Length: 6\r\n\r\nok\nok\n"),
    KEEPS("same-lengths", "the same Content-Length twice: may be taken (9112 6.3)", OK "Content-Length: 3\r\n" END),
    KEEPS("length-list-same", "Content-Length: 3, 3: may be taken (9112 6.3)", OK "Content-Length: 3, 3\r\n\r\nok\n"),
    CLOSES("length-list-different", "Content-Length: 3, 6: an error (9112 6.3)",
           OK "Content-Length: 3, 6\r\n\r\nok\nok\n"),
    CLOSES("length-negative", "Content-Length: -3: an error", OK "Content-Length: -3\r\n\r\nok\n"),
    CLOSES("length-plus", "Content-Length: +3: an error", OK "Content-Length: +3\r\n\r\nok\n"),
    CLOSES("length-letters", "Content-Length: three: an error", OK "Content-Length: three\r\n\r\nok\n"),
    CLOSES("length-trailing", "Content-Length: 3x: an error", OK "Content-Length: 3x\r\n\r\nok\n"),
    CLOSES("length-blank", "Content-Length: 3 3: an error", OK "Content-Length: 3 3\r\n\r\nok\n"),
    CLOSES("length-list-junk", "Content-Length: 3, x: an error", OK "Content-Length: 3, x\r\n\r\nok\n"),
    KEEPS("length-folded", "Content-Length: 3, folded, 9: an error", OK "Content-Length: 3\r\n 9\r\n\r\nok\n"),
    CLOSES("length-empty", "Content-Length without a value: an error", OK "Content-Length:\r\n\r\nok\n"),
    CLOSES("length-overflow", "Content-Length of 30 digits: too large or unknown",
           OK "Content-Length: 999999999999999999999999999999\r\n\r\nok\n"),
    KEEPS("length-and-chunked", "both: chunks count, no reuse (9112 6.3)",
          OK "Content-Length: 1\r\n" CHUNKED "\r\n3\r\nok\n\r\n0\r\n\r\n"),
    CLOSES("close-delimited", "neither length nor chunks: ends at FIN, length unknown (9112 6.3)", OK TYPE "\r\nok\n"),
    RESETS("close-delimited-reset", "the same, ended by RST: incomplete", OK TYPE "\r\nok\n"),

    /* Chunks */
    CLOSES("chunk-size-overflow", "a chunk size of 20 hex digits: an error (9112 7.1)",
           OK CHUNKED "\r\nfffffffffffffffffff3\r\nok\n\r\n0\r\n\r\n"),
    CLOSES("chunk-size-huge", "a chunk size of 2^63 - 1, then 3 bytes: incomplete",
           OK CHUNKED "\r\n7fffffffffffffff\r\nok\n"),
    CLOSES("chunk-bad-hex", "a chunk size that is no number: an error", OK CHUNKED "\r\nxyz\r\nok\n\r\n0\r\n\r\n"),
    CLOSES("chunk-negative", "a chunk size of -3: an error", OK CHUNKED "\r\n-3\r\nok\n\r\n0\r\n\r\n"),
    CLOSES("chunk-cut", "FIN within a chunk: incomplete (9112 8)", OK CHUNKED "\r\na\r\nok\n"),
    CLOSES("chunk-last-missing", "FIN before the last chunk: incomplete (9112 8)", OK CHUNKED "\r\n3\r\nok\n\r\n"),
    CLOSES("chunk-too-long", "more bytes than the chunk size: an error",
           OK CHUNKED "\r\n3\r\nok\nsmuggled\r\n0\r\n\r\n"),
    KEEPS("chunk-huge-extension", "an extension of 500,000 bytes: skip, but limit (9112 7.1.1)",
          OK CHUNKED "\r\n3;x=" TIMES_10(TIMES_1000(FILL_50)) "\r\nok\n\r\n0\r\n\r\n"),
    KEEPS("trailer-huge", "a trailer of 500,000 bytes: skip, but limit (9112 7.1.2)",
          OK CHUNKED "\r\n3\r\nok\n\r\n0\r\nX-Huge: " TIMES_10(TIMES_1000(FILL_50)) "\r\n\r\n"),
    KEEPS("trailer-flood", "20,000 trailer lines: skip, but limit",
          OK CHUNKED "\r\n3\r\nok\n\r\n0\r\n" TIMES_10(TIMES_1000("X-Flood: yes\r\nX-Flood: too\r\n")) "\r\n"),
    KEEPS("trailer-nul", "NUL in a trailer: refuse or ignore",
          OK CHUNKED "\r\n3\r\nok\n\r\n0\r\nX-Nul: be\0fore\r\n\r\n"),
    KEEPS("trailer-length", "Content-Length, Location in a trailer: ignore (9110 6.5.1)",
          OK CHUNKED "\r\n3\r\nok\n\r\n0\r\nContent-Length: 9\r\nLocation: /loop\r\n\r\n"),
    CLOSES("te-chunked-not-last", "chunked is not the last transfer coding: an error (9112 6.3)",
           OK "Transfer-Encoding: chunked, identity\r\n\r\n3\r\nok\n\r\n0\r\n\r\n"),
    CLOSES("te-chunked-twice", "chunked twice: an error (9112 6.1)",
           OK "Transfer-Encoding: chunked, chunked\r\n\r\n3\r\nok\n\r\n0\r\n\r\n"),
    CLOSES("te-gzip", "a transfer coding that nobody asked for: an error (9112 6.1)",
           OK "Transfer-Encoding: gzip\r\n\r\n" GZIP_OK),
    CLOSES("te-unknown", "a transfer coding that nobody knows: an error (9112 6.1)",
           OK "Transfer-Encoding: squeezed\r\n\r\nok\n"),
    CLOSES("te-http10", "chunks from HTTP/1.0: faulty framing, no reuse (9112 6.1)",
           "HTTP/1.0 200 OK\r\n" CHUNKED "\r\n3\r\nok\n\r\n0\r\n\r\n"),

    /* Content codings */
    KEEPS("bad-gzip", "gzip with a wrong checksum: an error",
          OK "Content-Encoding: gzip\r\nContent-Length: 23\r\n\r\n" GZIP_BAD_CHECKSUM),
    KEEPS("not-gzip", "says gzip, but is text: an error", OK "Content-Encoding: gzip\r\n" END),
    KEEPS("cut-gzip", "gzip that ends early, framed well: incomplete",
          OK "Content-Encoding: gzip\r\nContent-Length: 14\r\n\r\n"
             "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xcf\xe6\x02"),
    KEEPS("gzip-then-junk", "good gzip, then text: keep the first part, flag it",
          OK "Content-Encoding: gzip\r\nContent-Length: 32\r\n\r\n" GZIP_OK "smuggled\n"),
    KEEPS("multi-member-gzip", "two gzip members: keep the first or both, flag it (1952 2.2)",
          OK "Content-Encoding: gzip\r\nContent-Length: 52\r\n\r\n" GZIP_OK GZIP_SMUGGLED),
    KEEPS("cut-deflate", "deflate that ends early, framed well: incomplete",
          OK "Content-Encoding: deflate\r\nContent-Length: 7\r\n\r\n\x78\x9c\xcb\xcf\xe6\x02\x00"),
    KEEPS("cut-br", "br that ends early, framed well: incomplete",
          OK "Content-Encoding: br\r\nContent-Length: 5\r\n\r\n\x0b\x01\x80\x6f\x6b"),
    KEEPS("cut-gzip-chunked", "gzip that ends early, chunked: incomplete",
          OK "Content-Encoding: gzip\r\n" CHUNKED "\r\ne\r\n"
             "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xcf\xe6\x02\r\n0\r\n\r\n"),
    KEEPS("cut-gzip-trailer", "gzip whose last byte is missing, framed well: incomplete",
          OK "Content-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"
             "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xcf\xe6\x02\x00\x7d\x0e\x16\xda\x03\x00\x00"),
    KEEPS("br", "br, for once good", OK "Content-Encoding: br\r\nContent-Length: 7\r\n\r\n\x0b\x01\x80\x6f\x6b\n\x03"),
    KEEPS("not-br", "says br, but is text: an error",
          OK "Content-Encoding: br\r\nContent-Length: 9\r\n\r\n\xff\xffsmuggle"),
    KEEPS("gzip-empty", "gzip without a byte: no body, nothing to decode",
          OK "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"),
    KEEPS("gzip-folded", "Content-Encoding: gzip, folded, br: an error",
          OK "Content-Encoding: gzip\r\n , br\r\nContent-Length: 23\r\n\r\n" GZIP_OK),
    KEEPS("raw-deflate", "deflate without the zlib header: may be taken (9110 8.4.1.2)",
          OK "Content-Encoding: deflate\r\nContent-Length: 5\r\n\r\n" DEFLATE_OK),
    KEEPS("unknown-encoding", "a content coding that nobody knows", OK "Content-Encoding: squeezed\r\n" END),
};
/* clang-format on */

const size_t broken_answer_count = sizeof(broken_answers) / sizeof(broken_answers[0]);
