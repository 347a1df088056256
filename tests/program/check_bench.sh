#!/bin/sh
# The benchmark measures what it says, marks what may not be compared, and leaves nothing behind.
# SHOAL_BUILD is where the build lies. Few pages: its figures say nothing here.
set -u
build=${SHOAL_BUILD:-build}
directory=$(mktemp -d)
benchmark=
clean_up() {
    if [ -n "$benchmark" ]; then
        kill "$benchmark" 2>/dev/null
        wait "$benchmark" 2>/dev/null
    fi
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
# holds_with_nginx NAME COMMAND ...: the same, where there is an nginx
holds_with_nginx() {
    if PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx >/dev/null; then
        holds "$@"
    else
        checks=$((checks + 1))
        echo "skipped: $1: nginx is not installed (package nginx-light)"
    fi
}
say_skipped() {
    for name in every_contender_asks_for_every_page a_crawl_finds_every_page a_polite_crawl_is_timed every_peer_fetches_the_example the_engine_has_its_figures \
        a_peer_that_hangs_is_killed_and_marked a_peer_that_fetches_less_gets_no_ratio \
        what_is_not_installed_is_named_with_its_package a_signal_ends_it_with_what_was_measured \
        a_place_for_json_that_cannot_be_is_told_first json_is_written_though_the_output_is_lost \
        designs_refuses_what_is_no_number designs_passes_a_signal_on designs_ends_a_server_that_does_not_start; do
        echo "skipped: $name: $1"
        checks=$((checks + 1))
    done
    echo "100%: Checks: $checks, Failures: 0, Errors: 0"
    exit 0
}
# The interpreter itself: python3 may be a script that looks for others on the PATH.
python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null) ||
    say_skipped 'python3 is not installed (package python3)'
"$python" -c 'import os, sys; sys.exit(sys.version_info < (3, 9) or not hasattr(os, "pidfd_open"))' ||
    say_skipped 'python3 is older than 3.9'

# What the benchmark leaves in its place for temporary files would be found here.
mkdir "$directory/tmp" "$directory/peers" "$directory/empty"
chmod 755 "$directory" "$directory/tmp"
search=$PATH
bench() {
    PATH=$search TMPDIR=$directory/tmp "$python" tests/bench/run --quick --rounds 1 --build "$build" \
        --json "$directory/json" "$@" >"$directory/table" 2>&1
    status=$?
    cat "$directory/table"
    return $status
}
# found EXPRESSION: of Python, over `json`, what was measured, and `rounds`, each as (workload, contender, round)
found() {
    "$python" -c '
import json, sys
json = json.load(open(sys.argv[1]))
rounds = [(workload, contender, one) for workload, each in json["workloads"].items()
          for contender, one in each["contenders"].items()]
sys.exit(not eval(sys.argv[2]))' "$directory/json" "$1" || { echo "does not hold: $1"; return 1; }
}
nothing_is_left() { [ -z "$(ls -A "$directory/tmp")" ]; }
# with_wget2 LINE: another program of that name is found before the real one
with_wget2() {
    # shellcheck disable=SC2016 # its own arguments
    printf '#!/bin/sh\n[ "$1" = --version ] || { %s\n}\n' "$1" >"$directory/peers/wget2"
    chmod 755 "$directory/peers/wget2"
    search=$directory/peers:$PATH
}
# is_gone FILE: no process is left of the group whose number is there
is_gone() {
    tries=0
    while kill -s 0 -- "-$(cat "$1")"; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || return 1
        sleep 0.02 # whoever inherits what was killed may not have reaped it yet
    done
}

every_contender_asks_for_every_page() {
    bench --workloads burst,large,delay \
        --only shoal,shoal-threads,bodies-kept,wget2,curl-Z,aria2c,wrk || return 1
    found 'set(json["workloads"]) == {"burst", "large", "delay"}' &&
        found 'all(one["rounds"][0]["seen"] == one["pages"] for _, name, one in rounds if name != "wrk")' &&
        found 'all(len(one["rounds"]) == 1 and not one["notes"] for _, name, one in rounds if "shoal" in name)' &&
        found 'all(one["median"]["rate"] > 0 and one["median"]["cpu_us_per_page"] > 0 for _, _, one in rounds)' &&
        found 'all(one["shoal_is"] for _, name, one in rounds if name != "shoal")' &&
        found 'json["machine"]["shoal"].startswith("shoal ")' && nothing_is_left || return 1
    ! grep -n '.\{81\}' "$directory/table"
}
a_crawl_finds_every_page() {
    bench --workloads crawl --only shoal,shoal-mirror,wget2 || return 1
    found 'all(one["pages"] == 300 and not one["notes"] for _, name, one in rounds if "shoal" in name)' &&
        found 'all(one["rounds"][0]["seen"] == 300 + ("shoal" in name) for _, name, one in rounds)' &&
        found 'all(one["shoal_is"] for _, name, one in rounds if name != "shoal")' && nothing_is_left
}
# Whether it takes the time that it should is for a quiet machine.
a_polite_crawl_is_timed() {
    TMPDIR=$directory/tmp "$python" tests/bench/hosts.py --build "$build" --hosts 40 --addresses 10 --pages 3 --delay 60 \
        >"$directory/table" 2>&1
    status=$?
    cat "$directory/table"
    [ "$status" -le 1 ] && grep -q '^40 hosts at 10 addresses, 159 requests, 60 ms apart' "$directory/table" &&
        grep -q '^the delays imply 1\.02 s (17 requests at the busiest address); it took [0-9.]* s: ' "$directory/table" &&
        [ "$(grep -c '^one .*: at most [1-4] in flight (limit 4), at least [0-9.]* ms apart' "$directory/table")" -eq 2 ] &&
        ! grep '^! [^t]' "$directory/table" && nothing_is_left
}
every_peer_fetches_the_example() {
    bench --workloads seed || return 1
    found 'all(one["rounds"][0]["seen"] == one["pages"] == 15 and not one["notes"] for _, _, one in rounds)' &&
        found 'len(rounds) + len(json["missing"]) >= 10' && nothing_is_left
}
the_engine_has_its_figures() {
    bench --workloads engine || return 1
    found 'all(json["engine"]["empty_tasks_per_second_" + kind]["median"] > 0 for kind in ("processes", "threads"))' &&
        found 'json["engine"]["pending_future_bytes"]["resident"] > json["engine"]["pending_future_bytes"]["stated"]' &&
        found '0 <= json["engine"]["submit_to_start_us"]["p50"] <= json["engine"]["submit_to_start_us"]["p99"]' &&
        nothing_is_left
}
a_peer_that_hangs_is_killed_and_marked() {
    with_wget2 "echo \$\$ >$directory/hangs; sleep 600 & wait"
    bench --workloads seed --only shoal,wget2 --seconds 1 || return 1
    found '[one["shoal_is"] for _, name, one in rounds if name == "wget2"] == [None]' &&
        grep -q '^! wget2: killed after 1 s (round 1)' "$directory/table" && nothing_is_left &&
        is_gone "$directory/hangs"
}
a_peer_that_fetches_less_gets_no_ratio() {
    with_wget2 'exit 0'
    bench --workloads seed --only shoal,wget2 || return 1
    found '[one["shoal_is"] for _, name, one in rounds if name == "wget2"] == [None]' &&
        grep -q '^! wget2: the server saw 0 requests for 15 pages (round 1)' "$directory/table"
}
what_is_not_installed_is_named_with_its_package() {
    search=$directory/empty
    bench --workloads seed --only shoal,curl-Z,aria2c || return 1
    grep '^not installed' "$directory/table" | grep -q 'curl-Z (curl), aria2c (aria2)'
}
a_signal_ends_it_with_what_was_measured() {
    rm -f "$directory/hangs"
    with_wget2 "echo \$\$ >$directory/hangs.part; mv $directory/hangs.part $directory/hangs; sleep 600 & wait"
    PATH=$search TMPDIR=$directory/tmp "$python" tests/bench/run --quick --build "$build" \
        --json "$directory/json" --workloads seed --only shoal,wget2 >"$directory/table" 2>&1 &
    benchmark=$!
    until [ -s "$directory/hangs" ]; do
        kill -0 "$benchmark" || return 1
        sleep 0.02
    done
    kill -INT "$benchmark"
    wait "$benchmark"
    status=$?
    benchmark=
    cat "$directory/table"
    [ "$status" -eq 130 ] && grep -q '^shoal  *15 ' "$directory/table" && nothing_is_left &&
        found 'json["stopped_by_signal"] == 2' && is_gone "$directory/hangs"
}
# is_refused STATUS COMMAND ...: it ends so at once, with one line
is_refused() {
    expected=$1
    shift
    TMPDIR=$directory/tmp "$@" >"$directory/table" 2>&1
    status=$?
    cat "$directory/table"
    [ "$status" -eq "$expected" ] && [ "$(wc -l <"$directory/table")" -eq 1 ] && nothing_is_left
}
a_place_for_json_that_cannot_be_is_told_first() {
    for path in "$directory/nowhere/json" "$directory/empty"; do
        is_refused 3 "$python" tests/bench/run --quick --build "$build" --json "$path" &&
            grep -q "^bench: --json $path: " "$directory/table" || return 1
    done
}
json_is_written_though_the_output_is_lost() {
    rm -f "$directory/json"
    PATH=$directory/empty TMPDIR=$directory/tmp "$python" tests/bench/run --quick --rounds 1 --build "$build" \
        --json "$directory/json" --workloads seed --only shoal >/dev/full 2>"$directory/table"
    status=$?
    cat "$directory/table"
    [ "$status" -eq 3 ] && [ "$(wc -l <"$directory/table")" -eq 1 ] &&
        grep -q '^bench: standard output: ' "$directory/table" && found 'len(rounds) == 1' && nothing_is_left
}
designs_refuses_what_is_no_number() {
    for pages in many 0 -1 1.5 ''; do
        is_refused 2 "$python" tests/bench/designs "$build" seed "$pages" || return 1
    done
    is_refused 2 "$python" tests/bench/designs "$build"
}
# designs_stops SIGNAL STATUS ARGUMENT ...: once somebody has written its number to "hangs"; none of them is left
designs_stops() {
    signal=$1
    expected=$2
    shift 2
    PATH=$search TMPDIR=$directory/tmp "$python" tests/bench/designs "$@" >"$directory/table" 2>&1 &
    benchmark=$!
    until [ -s "$directory/hangs" ]; do
        kill -0 "$benchmark" || return 1
        sleep 0.02
    done
    kill -"$signal" "$benchmark"
    wait "$benchmark"
    status=$?
    benchmark=
    cat "$directory/table"
    [ "$status" -eq "$expected" ] && nothing_is_left && is_gone "$directory/hangs"
}
# hang_as PROGRAM BEFORE AFTER: a program that says its number between these two lines
hang_as() {
    rm -f "$directory/hangs"
    printf '#!/bin/sh\n%s\necho $$ >%s/hangs.part; mv %s/hangs.part %s/hangs\n%s\n' "$2" \
        "$directory" "$directory" "$directory" "$3" >"$1"
    chmod 755 "$1"
}
designs_passes_a_signal_on() {
    mkdir "$directory/build" && ln -s "$(realpath "$build/origin")" "$directory/build/origin" || return 1
    hang_as "$directory/build/shoal" 'trap "echo reported; exit 7" TERM' 'sleep 600 & wait'
    designs_stops TERM 143 "$directory/build" seed && grep -q '^reported$' "$directory/table" &&
        [ -z "$(find tests/bench -name __pycache__)" ]
}
designs_ends_a_server_that_does_not_start() {
    hang_as "$directory/peers/nginx" : 'exec sleep 600'
    search=$directory/peers:$PATH
    designs_stops TERM 143 "$build" burst 10
}

holds_with_nginx every_contender_asks_for_every_page every_contender_asks_for_every_page
holds_with_nginx a_crawl_finds_every_page a_crawl_finds_every_page
holds a_polite_crawl_is_timed a_polite_crawl_is_timed
holds every_peer_fetches_the_example every_peer_fetches_the_example
holds the_engine_has_its_figures the_engine_has_its_figures
holds a_peer_that_hangs_is_killed_and_marked a_peer_that_hangs_is_killed_and_marked
holds a_peer_that_fetches_less_gets_no_ratio a_peer_that_fetches_less_gets_no_ratio
holds what_is_not_installed_is_named_with_its_package what_is_not_installed_is_named_with_its_package
holds a_signal_ends_it_with_what_was_measured a_signal_ends_it_with_what_was_measured
holds a_place_for_json_that_cannot_be_is_told_first a_place_for_json_that_cannot_be_is_told_first
holds json_is_written_though_the_output_is_lost json_is_written_though_the_output_is_lost
holds designs_refuses_what_is_no_number designs_refuses_what_is_no_number
holds designs_passes_a_signal_on designs_passes_a_signal_on
holds designs_ends_a_server_that_does_not_start designs_ends_a_server_that_does_not_start
echo "$((100 * (checks - failures) / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
