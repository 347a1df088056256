#!/bin/sh
# Runs in: tests. Folder arrows: coordinator -> worker -> common, never back, and of the worker only worker/worker.h.
set -eu
found=$(mktemp)
trap 'rm -f "$found"' EXIT
# look FOLDER ALLOWED: includes in quotes that do not match the pattern of what the folder may include
look() {
    grep -nH '^ *# *include *"' "$1"/*.[ch] | grep -vE ":#include \"($2)\"" | sed "s|\$| <- $1/ may not include this|" >>"$found"
}
look common 'common/[a-z0-9_]*\.h'
look worker 'common/[a-z0-9_]*\.h|worker/[a-z0-9_]*\.(h|inc)'
look coordinator 'common/[a-z0-9_]*\.h|worker/worker\.h|coordinator/[a-z0-9_]*\.h|coordinator/(compare/(compare_command|options)|crawl/(crawl_command|crawl_options|reason))\.h'
look coordinator/crawl 'common/[a-z0-9_]*\.h|coordinator/[a-z0-9_]*\.h|coordinator/crawl/[a-z0-9_]*\.h'
look coordinator/compare 'common/[a-z0-9_]*\.h|coordinator/[a-z0-9_]*\.h|coordinator/compare/[a-z0-9_]*\.h'
cat "$found"
test ! -s "$found"
