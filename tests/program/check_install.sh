#!/bin/sh
# What `make install` puts in place is enough: for a program in C, for the reader of the manual page.
# SHOAL_BUILD is where the build lies, CC the compiler.
set -u
build=${SHOAL_BUILD:-build}
directory=$(mktemp -d)
server=
clean_up() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null
        wait "$server" 2>/dev/null
    fi
    rm -rf "$directory"
}
trap clean_up EXIT
trap 'exit 143' INT TERM

checks=0
failures=0
# holds NAME COMMAND ...: one test, which is that the command succeeds; shows its output where it does not
holds() {
    name=$1
    shift
    checks=$((checks + 1))
    if ! "$@" >"$directory/log" 2>&1; then
        failures=$((failures + 1))
        echo "F: $name"
        sed 's/^/    /' "$directory/log"
    fi
}

root=$directory/root
prefix=/opt/shoal
with_shoal() {
    PKG_CONFIG_PATH=$root$prefix/lib/pkgconfig pkg-config --define-variable=prefix="$root$prefix" "$@" shoal
}
install_it() { make --no-print-directory BUILD="$build" VARIANT="${VARIANT:-}" DESTDIR="$root" PREFIX=$prefix install; }
compile_example() {
    # shellcheck disable=SC2046 # a list of flags
    ${CC:-gcc} -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wconversion -Werror tests/example.c \
        $(with_shoal --cflags --libs) -o "$directory/example"
}
start_server() {
    "$build/origin" --port 0 --delay 20ms --die-with-parent >"$directory/address" &
    server=$!
    until [ -s "$directory/address" ]; do
        kill -0 "$server" || return 1
        sleep 0.02
    done
    url=$(sed -n 's|^origin: \(http.*\)/$|\1|p' "$directory/address")
}
run_example() {
    "$directory/example" "$url/wiki/PHP" "$url/wiki/Portal:Arts" "$url/bytes/1000" >"$directory/output" || return 1
    sort "$directory/output"
    grep -qx "Read 468461 from $url/wiki/PHP" "$directory/output" &&
        grep -qx "Read 129886 from $url/wiki/Portal:Arts" "$directory/output" &&
        grep -qx "Read 1000 from $url/bytes/1000" "$directory/output" &&
        tail -1 "$directory/output" | grep -qx 'Download 3 sites in [0-9.]* seconds'
}
run_example_with_a_failure() {
    "$directory/example" "$url/bytes/10" "$url/status/404" >"$directory/output" && return 1
    cat "$directory/output"
    grep -qx "Read 10 from $url/bytes/10" "$directory/output" &&
        grep -q "^Failed $url/status/404: http-status: " "$directory/output"
}
only_public_names() {
    nm -g --defined-only "$root$prefix/lib/libshoal.a" | sed -n 's/.* [A-Z] //p' | sort >"$directory/defined"
    cat "$directory/defined"
    grep -q '^executor_open$' "$directory/defined" || return 1
    while read -r name; do
        grep -qE "(^|[ *])$name\(" "$root$prefix"/include/shoal/*.h || { echo "not public: $name"; return 1; }
    done <"$directory/defined"
}
declared_names_are_defined() {
    sed -n 's/^[a-z].*[ *]\([a-z_]*\)(.*/\1/p' "$root$prefix"/include/shoal/*.h | grep -v '^future_callback$' |
        grep -v '^executor_map_next_url$' | while read -r name; do
        grep -qx "$name" "$directory/defined" || { echo "declared, but not in libshoal.a: $name"; exit 1; }
    done
}
headers_need_nothing_of_the_sources() { ! grep -n '#include "[^s]' "$root$prefix"/include/shoal/*.h; }
says_its_version() {
    "$root$prefix/bin/shoal" --version | grep "$(with_shoal --modversion)"
}
manual_page_is_readable() { grep -q '^\.TH SHOAL 1' "$root$prefix/share/man/man1/shoal.1"; }
uninstall_it() {
    make --no-print-directory BUILD="$build" DESTDIR="$root" PREFIX=$prefix uninstall
    left=$(find "$root" -type f)
    echo "$left"
    [ -z "$left" ]
}

holds it_installs install_it
holds an_example_compiles_with_what_is_installed compile_example
holds the_server_starts start_server
holds the_example_reads_every_site run_example
holds the_example_says_which_site_failed run_example_with_a_failure
holds the_library_defines_public_names_alone only_public_names
holds the_library_defines_what_the_headers_declare declared_names_are_defined
holds the_headers_include_each_other_alone headers_need_nothing_of_the_sources
holds the_program_says_the_version_of_the_library says_its_version
holds the_manual_page_is_in_place manual_page_is_readable
holds uninstall_removes_every_file uninstall_it
echo "$((100 * (checks - failures) / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
