#!/bin/sh
# Which folder may include which: a row a folder of the house, from the top down; what no row allows is an error. Folders that the rows
# forget are errors too. The circles of files, calls included: tests/lint/circles.
set -eu
found=$(mktemp)
trap 'rm -f "$found"' EXIT
seen=
# may FOLDER ALLOWED...: what the folder includes besides itself: folders, or single headers
may() {
    folder=$1
    shift
    seen="$seen $folder "
    allowed="$folder/[a-z0-9_]*\.(h|inc)"
    for one in "$@"; do
        case $one in
        *.h) allowed="$allowed|$one" ;;
        *) allowed="$allowed|$one/[a-z0-9_]*\.h" ;;
        esac
    done
    grep -nH '^ *# *include *"' "$folder"/*.[ch] | grep -vE ":#include \"($allowed)\"" | sed "s|\$| <- $folder/ may not include this|" >>"$found" || true
}
