#!/bin/sh
# Every header compiles alone, with gcc and with clang: alone.sh DIRECTORY HEADER ...
set -eu
directory=$1
shift
status=0
flags="-std=c11 -D_GNU_SOURCE -I. -Wall -Wextra -Werror -fsyntax-only $(pkg-config --cflags libcurl libcrypto check)"
for header in "$@"; do
    echo "#include \"$header\""
    echo "#include \"$header\"" >"$directory/alone.c"
    for compiler in gcc clang; do
        # shellcheck disable=SC2086 # a list of flags
        if ! $compiler $flags "$directory/alone.c"; then
            echo "$header: does not compile alone with $compiler"
            status=1
        fi
    done
done >"$directory/alone.log"
grep -v '^#include' "$directory/alone.log" || true
exit $status
