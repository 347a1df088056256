#!/bin/sh
# Runs in: tests. Line 1 of each source says where it runs, and none is longer than 500 lines (functions: clang-tidy):
# sizes.sh SOURCE ...
set -eu
awk '
    FNR == 1 && !/Runs in:/ { print FILENAME ":1: does not say \"Runs in:\""; bad = 1 }
    FNR == 501 { print FILENAME ":501: is longer than 500 lines: there are two nouns in it"; bad = 1 }
    END { exit bad }' "$@"
