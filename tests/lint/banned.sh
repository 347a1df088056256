#!/bin/sh
# Calls of functions that tests/lint/banned lists: banned.sh SOURCE ...
# Comments and texts in quotes may name them.
set -eu
everywhere=$(sed -n 's/^+\([a-z_0-9]*\) .*/\1/p' tests/lint/banned | paste -sd '|')
names=$everywhere\|$(sed -n 's/^\([a-z_0-9]*\) .*/\1/p' tests/lint/banned | paste -sd '|')
found=$(mktemp)
trap 'rm -f "$found"' EXIT
for source in "$@"; do
    case $source in
    tests/*) these=$everywhere ;;
    *) these=$names ;;
    esac
    sed -e 's/"[^"]*"/""/g' -e 's|//.*||' -e 's|/\*.*\*/||' -e '/^ \* /d' -e 's|/\*.*||' "$source" |
        awk -v source="$source" -v names="(^|[^a-zA-Z0-9_.>])(${these})[(]" '
            $0 ~ names { print source ": " $0 }'
done >"$found"
sed 's/$/ <- see tests\/lint\/banned/' "$found"
test ! -s "$found"
