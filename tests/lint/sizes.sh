#!/bin/sh
# Line 1 of each source says what it is, and none is longer than 700 lines, a suite than 900, as it mirrors one source (functions:
# clang-tidy): sizes.sh SOURCE ...
set -eu
awk '
    FNR == 1 && (!/^\/\* ./ || /Runs in:/) { print FILENAME ":1: does not say what the file is"; bad = 1 }
    FNR == 1 { most = FILENAME ~ /^tests\/.*check_/ ? 900 : 700 }
    FNR == most + 1 { print FILENAME ":" FNR ": is longer than " most " lines: there are two nouns in it"; bad = 1 }
    END { exit bad }' "$@"
