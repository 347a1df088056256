#!/bin/sh
# Every fuzz target with its seeds, among them all that once crashed, and with some changes of them: the same
# entry points as under libFuzzer (make fuzz), built as the suites are.
# SHOAL_BUILD is where the build lies.
set -u
build=${SHOAL_BUILD:-build}
root=$(pwd)
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
trap 'exit 143' INT TERM
case $build in
/*) ;;
*) build=$root/$build ;;
esac

checks=0
failures=0
for source in tests/fuzz/fuzz_*.c; do
    target=${source#tests/fuzz/fuzz_}
    target=${target%.c}
    checks=$((checks + 1))
    # Where it runs a file replay-crash is left.
    if ! (cd "$directory" && "$build/tests/fuzz/replay_$target" -n 2000 "$root/tests/fuzz/seeds/$target") \
        >"$directory/log" 2>&1; then
        failures=$((failures + 1))
        echo "F: $target"
        sed 's/^/    /' "$directory/log"
        [ -e "$directory/replay-crash" ] && od -A d -t x1z "$directory/replay-crash" | head -n 40
        rm -f "$directory/replay-crash"
    fi
done
percent=$(((checks - failures) * 100 / checks))
echo "$percent%: Checks: $checks, Failures: $failures, Errors: 0"
exit $((failures > 0))
