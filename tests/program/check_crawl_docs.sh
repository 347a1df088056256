#!/bin/sh
# Two real sites, the manuals of PostgreSQL and of Python as Debian packs them, served by nginx: `shoal crawl` fetches
# exactly what another walk over their links finds (tests/support/walk.py), each page once, also when its workers are killed meanwhile.
# SHOAL_BUILD is where the build lies.
set -u
shoal=${SHOAL_BUILD:-build}/shoal
# Of whichever version is installed.
for postgresql in /usr/share/doc/postgresql-doc-*/html; do :; done
for python in /usr/share/doc/python3.*-doc/html; do :; done
nginx=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx)
directory=$(mktemp -d)
server=
walks=
crawler=
clean_up() {
    for pid in $server $walks $crawler; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$directory"
}
trap clean_up EXIT
trap 'exit 143' INT TERM

checks=0
failures=0
# holds NAME COMMAND ...: one test, which is that the command succeeds; shows its output where it does not
holds() {
    name=$1
    shift
    checks=$((checks + 1))
    if ! "$@" >"$directory/log" 2>&1; then
        failures=$((failures + 1))
        echo "F: $name"
        sed 's/^/    /' "$directory/log"
    fi
}
say_skipped() {
    for name in the_manual_of_postgresql_is_found_whole the_manual_of_python_is_found_whole \
        every_engine_finds_the_same killed_workers_cost_no_page; do
        echo "skipped: $name: $1"
        checks=$((checks + 1))
    done
    echo "100%: Checks: $checks, Failures: 0, Errors: 0"
    exit 0
}
python3 -c '' 2>/dev/null || say_skipped 'python3 is not installed (package python3)'
[ -n "$nginx" ] || say_skipped 'nginx is not installed (package nginx-light)'
[ -e "$postgresql/index.html" ] || say_skipped 'no manual of PostgreSQL (package postgresql-doc)'
[ -e "$python/index.html" ] || say_skipped 'no manual of Python (package python3-doc)'

free_port() {
    python3 -c 'import socket; probe = socket.socket(); probe.bind(("127.0.0.1", 0)); print(probe.getsockname()[1])'
}
serve_at() {
    mkdir -p "$directory/temporary"
    cat >"$directory/nginx.conf" <<END
worker_processes 1; daemon off; master_process off; pid $directory/pid; error_log $directory/error;
events { worker_connections 512; }
http {
  types { text/html html; text/css css; image/svg+xml svg; image/png png; text/javascript js; text/plain txt; }
  log_format asked '\$status \$request_uri';
  access_log $directory/asked asked;
  keepalive_requests 1000000;
  client_body_temp_path $directory/temporary; proxy_temp_path $directory/temporary;
  fastcgi_temp_path $directory/temporary; uwsgi_temp_path $directory/temporary; scgi_temp_path $directory/temporary;
  server {
    listen 127.0.0.1:$1;
    location /postgresql/ { alias $postgresql/; }
    location /python/ { alias $python/; }
    location = /here { access_log off; return 200 "$directory"; }
  }
}
END
    "$nginx" -c "$directory/nginx.conf" -e "$directory/error" >/dev/null 2>&1 &
    server=$!
    # Ours, and not one of another that took the port meanwhile.
    until python3 -c 'import sys, urllib.request
urllib.request.getproxies = dict
answer = urllib.request.urlopen(sys.argv[1], timeout=5).read().decode()
sys.exit(answer != sys.argv[2])' "http://127.0.0.1:$1/here" "$directory" 2>/dev/null; do
        kill -0 "$server" 2>/dev/null || return 1
        sleep 0.05
    done
}
start_server() {
    for _ in 1 2 3 4 5; do
        port=$(free_port)
        serve_at "$port" && return
    done
    cat "$directory/error"
    return 1
}

# What a run printed as "STATUS URL", of all that it fetched or tried to; each URL may be there once.
fetched_of() {
    python3 -c '
import json, sys
pages = [(one["status"], one["url"]) for one in map(json.loads, open(sys.argv[1])) if not one["skipped"]]
assert len({url for _, url in pages}) == len(pages), "a page is reported twice"
for page in sorted(pages, key=lambda page: page[1]):
    print(*page)' "$1"
}
# crawl SITE OPTION ...: the whole of it, into `found`; passes the exit status on
crawl() {
    site=$1
    shift
    "$shoal" crawl --delay 0 --per-host 0 --format jsonl "$@" "http://127.0.0.1:$port/$site/index.html" \
        >"$directory/jsonl" 2>"$directory/errors"
}
# expect SITE STATUS: what the run found, and its exit status, are those that the walk implies
expect() {
    expected=0
    if grep -qv '^200 ' "$directory/walk.$1"; then
        expected=1 # what the site itself leads to in vain
    fi
    if [ "$2" -ne "$expected" ]; then
        echo "exit status $2"
        tail -5 "$directory/errors"
        return 1
    fi
    fetched_of "$directory/jsonl" >"$directory/found" && diff "$directory/walk.$1" "$directory/found"
}
# each_once SITE: since `asked` was emptied, the server was asked for each page of the site once, and for robots.txt
each_once() {
    { sed "s|http://127.0.0.1:$port||" "$directory/walk.$1" && echo '404 /robots.txt'; } | sort >"$directory/once"
    sort "$directory/asked" | diff "$directory/once" -
}
# is_found_whole SITE STATUS PAGES: the walk ended so, and found so many pages or more; the crawl the same, by what it says and by what
# the server saw
is_found_whole() {
    [ "$2" -eq 0 ] && [ "$(wc -l <"$directory/walk.$1")" -ge "$3" ] || return 1
    : >"$directory/asked"
    crawl "$1"
    expect "$1" $? && each_once "$1"
}
every_engine() {
    for engine in "processes -w 3" "threads -w 3" serial; do
        for site in postgresql python; do
            # shellcheck disable=SC2086 # an option and its value
            crawl $site -e $engine
            expect "$site" $? || { echo "$engine: $site"; return 1; }
        done
    done
}
# One worker after the other, from the first page on; slowed down, so that there is a middle to be killed in.
kill_workers() {
    : >"$directory/asked"
    "$shoal" crawl --delay 0 --per-host 0 --format jsonl -w 4 -c 32 --rate 1000/s \
        "http://127.0.0.1:$port/postgresql/index.html" >"$directory/jsonl" 2>"$directory/errors" &
    crawler=$!
    killed=0
    while kill -0 $crawler; do
        worker=
        [ ! -s "$directory/asked" ] || read -r worker _ <"/proc/$crawler/task/$crawler/children"
        if [ -n "$worker" ] && kill -KILL "$worker"; then
            killed=$((killed + 1))
        fi
        sleep 0.02
    done
    wait $crawler
    status=$?
    crawler=
    echo "$killed workers were killed"
    [ $killed -ge 5 ] && expect postgresql $status
}

checks=1
if ! start_server >"$directory/log" 2>&1; then
    echo 'F: nginx starts'
    cat "$directory/log"
    echo '0%: Checks: 1, Failures: 1, Errors: 0'
    exit 1
fi
checks=0
for site in postgresql python; do
    python3 tests/support/walk.py "http://127.0.0.1:$port/$site/index.html" >"$directory/walk.$site" &
    walks="$walks $!"
done
# Both at once, and over before the first crawl: what the server is asked is counted.
# shellcheck disable=SC2086 # two numbers
set -- $walks
wait "$1"
postgresql_walked=$?
wait "$2"
python_walked=$?
walks=
holds the_manual_of_postgresql_is_found_whole is_found_whole postgresql $postgresql_walked 1000
holds the_manual_of_python_is_found_whole is_found_whole python $python_walked 500
holds every_engine_finds_the_same every_engine
holds killed_workers_cost_no_page kill_workers
echo "$((100 * (checks - failures) / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
