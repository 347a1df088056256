#!/bin/sh
# Runs in: tests. Folder arrows: coordinator -> worker -> common, never back, and of the worker only worker/worker.h.
set -eu
status=0
# complain FOLDER ALLOWED: includes in quotes that do not match the pattern of what the folder may include
complain() {
    if grep -nH '^ *# *include *"' "$1"/*.[ch] | grep -vE ":#include \"($2)\"" | sed "s|$| <- $1/ may not include this|"; then
        status=1
    fi
}
complain common 'common/[a-z0-9_]*\.h'
complain worker 'common/[a-z0-9_]*\.h|worker/[a-z0-9_]*\.h'
complain coordinator 'common/[a-z0-9_]*\.h|worker/worker\.h|coordinator/[a-z0-9_]*\.h'
exit $status
