#!/bin/sh
# The quick cases of the protocol's model: the protocol passes, shortcuts in it fail. `make model` runs all.
# SHOAL_BUILD is where the build lies, CC the compiler.
set -u
if ! command -v spin >/dev/null; then
    echo "skipped: all of model: there is no spin"
    echo "100%: Checks: 0, Failures: 0, Errors: 0"
    exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 143' INT TERM
tests/model/run -q -d "${SHOAL_BUILD:-build}/model" >"$log" 2>&1
status=$?
checks=$(sed -n 's/^\([0-9]*\) cases, [0-9]* not as expected$/\1/p' "$log")
failures=$(sed -n 's/^[0-9]* cases, \([0-9]*\) not as expected$/\1/p' "$log")
if [ "$status" -ne 0 ]; then
    cat "$log"
fi
if [ "${checks:-0}" -eq 0 ]; then
    echo "0%: Checks: 0, Failures: 0, Errors: 1"
    exit 1
fi
echo "$((100 * (checks - failures) / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
exit "$status"
