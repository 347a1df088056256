#!/bin/sh
# Every FAULT_POINT of the sources is in the table of tests/support/faults.c, once, and the other way round: faults.sh
# DIRECTORY, which gets two lists.
set -eu
grep -rhoE 'FAULT_POINT\("[^"]+"\)' --include="*.c" common worker coordinator | cut -d'"' -f2 | sort >"$1/faults.sources"
sed -n 's/^    {"\([a-z_.]*\)", [WCP].*/\1/p' tests/support/faults.c | sort >"$1/faults.table"
diff "$1/faults.sources" "$1/faults.table" | sed -n \
    -e 's/^< \(.*\)/fault point \1: not in the table of tests\/faults.c, or at two places/p' \
    -e 's/^> \(.*\)/fault point \1: in the table of tests\/faults.c, but not in the sources/p'
cmp -s "$1/faults.sources" "$1/faults.table"
