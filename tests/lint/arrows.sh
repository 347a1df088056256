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

may common
may worker common worker/fetch worker/sandbox
may worker/fetch common worker/worker.h worker/decoder.h worker/links worker/sandbox
may worker/links common worker/worker.h worker/decoder.h worker/html
may worker/html common
may worker/sandbox common worker/worker.h
may coordinator common worker/worker.h coordinator/fetch/fetch_command.h coordinator/crawl/crawl_command.h coordinator/crawl/crawl_options.h \
    coordinator/compare/compare_command.h coordinator/compare/compare_options.h coordinator/options coordinator/text coordinator/base
may coordinator/compare common coordinator/help.h coordinator/run coordinator/output coordinator/options coordinator/executor coordinator/text \
    coordinator/base
may coordinator/crawl common coordinator/help.h coordinator/crawl/rules coordinator/crawl/frontier coordinator/crawl/mirror coordinator/fetch/report.h \
    coordinator/run coordinator/politeness coordinator/output coordinator/options coordinator/executor coordinator/text coordinator/base
may coordinator/crawl/mirror common coordinator/output coordinator/text coordinator/base
may coordinator/crawl/frontier common coordinator/text coordinator/base
may coordinator/crawl/rules common coordinator/output/reason.h coordinator/text coordinator/base
may coordinator/fetch common coordinator/run coordinator/politeness coordinator/output coordinator/options coordinator/executor coordinator/text \
    coordinator/base
may coordinator/run common worker/worker.h coordinator/output coordinator/options coordinator/executor coordinator/text coordinator/base
may coordinator/politeness common coordinator/base
may coordinator/output common coordinator/executor coordinator/text coordinator/base
may coordinator/options common worker/worker.h coordinator/output/status_line.h coordinator/executor coordinator/text coordinator/base
may coordinator/executor common worker/worker.h coordinator/base
may coordinator/base common coordinator/text
may coordinator/text common

for folder in $(find common worker coordinator -name '*.[ch]' -exec dirname {} \; | sort -u); do
    case $seen in
    *" $folder "*) ;;
    *) echo "$folder: no row in tests/lint/arrows.sh" >>"$found" ;;
    esac
done
cat "$found"
test ! -s "$found"
