/* A line of the jsonl format, read by hand: no library takes it more kindly than it stands there. */
#ifndef SHOAL_TESTS_RECORD_H
#define SHOAL_TESTS_RECORD_H

/* One object of the jsonl format. Strings as they stand there, still escaped; null is "". */
struct record {
    char url[8192];
    char effective_url[8192];
    char error[32];
    char detail[1024];
    char content_type[512];
    char http_version[8];
    char remote_ip[64];
    char sha256[80];
    long status, bytes, wire_bytes, redirects, attempts, worker, signal; /* -1: null or not there */
};

/* Checks that the line is one JSON object with every key in its order, and reads it. */
void record_read(const char *line, struct record *record);

#endif
