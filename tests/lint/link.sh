#!/bin/sh
# Each library links without those that it must not know, all of its objects taken:
# link.sh DIRECTORY libcommand.a libexecutor.a libworker.a libcommon.a
set -eu
directory=$1
command=$2 executor=$3 worker=$4 common=$5
libraries="$(pkg-config --libs libcurl libssl libcrypto zlib libbrotlidec libxxhash expat libpcre2-8 libpsl sqlite3) -pthread"
echo 'int main(void) { return 0; }' >"$directory/link.c"
# links NAME WHOLE ARCHIVE ...
links() {
    name=$1
    whole=$2
    shift 2
    # shellcheck disable=SC2086 # a list of libraries
    if ! ${CC:-gcc} -o "$directory/link" "$directory/link.c" -Wl,--whole-archive "$whole" -Wl,--no-whole-archive "$@" \
        $libraries; then
        echo "$name does not link with what it may know alone"
        exit 1
    fi
}
links common "$common"
links worker "$worker" "$common"
links "the futures" "$executor" "$worker" "$common"
links "the command line" "$command" "$executor" "$worker" "$common"
