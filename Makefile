# shoal: bulk fetcher. `make help` lists the targets.
#
# The order of the sources is the order of the data path, and of the source tour in README.md. Every variant of the build
# (tests, sanitizers, coverage) is this file run again with another BUILD and VARIANT.

BUILD   ?= build
ifeq ($(origin CC),default)
CC      := gcc
endif
PREFIX  ?= /usr/local
DESTDIR ?=
VARIANT ?=
JOBS    ?= 2
VERSION := $(shell sed -n 's/.*SHOAL_VERSION "\(.*\)".*/\1/p' common/version.h)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wvla
# STRICT=1, as in CI and `make lint`: no warning is let pass. Users have other compilers and libraries, which may warn of more.
ifdef STRICT
WARNINGS += -Werror -Wno-error=deprecated-declarations
endif
OPTIMIZE ?= -O2 -g

# What the library needs, and what the program needs besides.
LIBRARY_USES  := libcurl libssl libcrypto zlib libbrotlidec libxxhash expat
PACKAGES_USED := $(LIBRARY_USES) libpcre2-8 libpsl sqlite3
# pkg-config is asked once, at the first use: after `deps` has run.
once      = $(eval $(1) := $(shell $(2)))$($(1))
PKG_CFLAGS = $(call once,PKG_CFLAGS,pkg-config --cflags $(PACKAGES_USED))
PKG_LIBS   = $(call once,PKG_LIBS,pkg-config --libs $(PACKAGES_USED))
CHECK_LIBS = $(call once,CHECK_LIBS,pkg-config --libs check libbrotlienc)
FLAGS      = -std=c11 -D_GNU_SOURCE -I. $(WARNINGS) $(OPTIMIZE) $(VARIANT) $(PKG_CFLAGS)
LIBS       = $(PKG_LIBS) -pthread

# ---- sources, in the order of the data path ----

# what both sides share
COMMON   := status fetch_error limits check fault clock descriptor url url_plain url_resolve url_query fingerprint page shared slot ring done_ring roster extent
# a job becomes a result
WORKER   := worker fetch/fetch fetch/libcurl fetch/transfer fetch/request_settings fetch/headers fetch/body decoder fetch/tls_end fetch/address fetch/outcome fetch/crash fetch/memory \
            links/body_links links/sniff links/page_lines links/link_header links/links links/link_elements links/link_values links/link_charset html/html_charset \
            links/sitemap links/sitemap_xml links/sitemap_locs links/css links/css_text \
            html/html_tokenizer html/html_tag html/html_raw html/html_markup html/html_reference \
            sandbox/sandbox sandbox/rlimits sandbox/landlock sandbox/seccomp
# the futures: the C API
EXECUTOR := executor/cpus executor/executor_open executor/executor executor/feed executor/future executor/completions executor/map executor/reaper \
            executor/engine_processes executor/engine_threads executor/engine_serial
# the command line
COMMAND  := main help options/option_table options/option_values options/fetch_options text/units \
            fetch/fetch_command run/session run/run run/signals run/wakeups \
            run/input fetch/scheduler_work fetch/scheduler fetch/window fetch/task politeness/hosts fetch/turns politeness/retries base/due_heap fetch/report output/delivery output/outlinks \
            text/writer text/escape output/sink_text output/sink_jsonl output/save_name output/save_tree output/sink_files output/sink_tally output/summary output/status_line output/progress
# whole sites
CRAWL    := crawl/crawl_command crawl/crawl_options crawl/crawler crawl/crawl_drain crawl/crawl_request crawl/crawl_answers \
            crawl/crawl_page crawl/crawl_links crawl/crawl_site crawl/crawl_errands crawl/crawl_report crawl/crawl_state crawl/story crawl/site \
            output/reason crawl/rules/scope crawl/rules/expressions crawl/rules/traps crawl/rules/url_shape crawl/rules/url_dates crawl/rules/counters text/tell \
            crawl/rules/robots crawl/rules/robots_text crawl/rules/robots_rules crawl/rules/robots_pattern politeness/politeness politeness/politeness_address \
            politeness/politeness_backoff crawl/duplicates crawl/mirror/mirror crawl/mirror/mirror_log crawl/mirror/convert crawl/mirror/link_value base/url_log \
            base/temporary_file base/private_map crawl/frontier/url_set crawl/frontier/frontier crawl/frontier/frontier_queue crawl/frontier/frontier_record \
            crawl/frontier/frontier_cells crawl/frontier/frontier_spill crawl/frontier/frontier_park crawl/frontier/frontier_rows crawl/frontier/frontier_disk crawl/frontier/frontier_file
# the designs side by side
COMPARE  := compare/compare_command compare/compare_options compare/design compare/sweep compare/list compare/bundled compare/runner \
            compare/footprint compare/series compare/comparison compare/report compare/report_text compare/report_table \
            compare/report_sweep compare/report_remarks compare/report_json compare/report_csv compare/plot_sweep \
            compare/plot_script compare/plot
# the test server, and what the suites share
ORIGIN   := $(sort $(basename $(notdir $(wildcard tests/origin/*.c))))
SUPPORT  := $(filter-out runner stepper,$(sort $(basename $(notdir $(wildcard tests/support/*.c)))))
# A suite is tests/FOLDER/check_NAME.c, or .sh; the folder is that of what it tests, the name stands once.
suite_sources  := $(sort $(wildcard tests/*/check_*.c))
script_sources := $(sort $(wildcard tests/*/check_*.sh))
SUITES   := $(sort $(patsubst check_%.c,%,$(notdir $(suite_sources))))
SCRIPTS  := $(sort $(patsubst check_%.sh,%,$(notdir $(script_sources))))

common_objects   := $(COMMON:%=$(BUILD)/common/%.o)
worker_objects   := $(WORKER:%=$(BUILD)/worker/%.o)
executor_objects := $(EXECUTOR:%=$(BUILD)/coordinator/%.o)
command_objects  := $(COMMAND:%=$(BUILD)/coordinator/%.o) $(CRAWL:%=$(BUILD)/coordinator/%.o) $(COMPARE:%=$(BUILD)/coordinator/%.o)
origin_objects   := $(ORIGIN:%=$(BUILD)/tests/origin/%.o)
support_objects  := $(SUPPORT:%=$(BUILD)/tests/support/%.o)
test_objects     := $(suite_sources:%.c=$(BUILD)/%.o) $(BUILD)/tests/support/runner.o
objects          := $(common_objects) $(worker_objects) $(executor_objects) $(command_objects) $(origin_objects) \
                    $(support_objects) $(test_objects)

.PHONY: all help
#: all         the program build/shoal, build/libshoal.a and the test server build/origin (the default)
all: $(BUILD)/shoal $(BUILD)/libshoal.a $(BUILD)/origin

-include tests/bench/bench.mk
-include tests/prove.mk

# ---- how things are built: V=1 shows the commands ----

say = $(if $(V),,@echo "  $(1)	$@";)

.PHONY: FORCE
.DELETE_ON_ERROR:
.SECONDARY: $(objects)

# Changes when the compiler or its flags do: then all is built again.
$(BUILD)/flags: export STAMP = $(CC) $(FLAGS) $(LDFLAGS) $(LIBS)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$STAMP" | cmp -s - $@ || printf '%s\n' "$$STAMP" > $@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libcommon.a: $(common_objects)
$(BUILD)/libworker.a: $(worker_objects)
$(BUILD)/libexecutor.a: $(executor_objects)
$(BUILD)/libcommand.a: $(filter-out %/main.o,$(command_objects))
$(BUILD)/liborigin.a: $(filter-out %/origin_main.o,$(origin_objects))
$(BUILD)/libsupport.a: $(support_objects)
$(BUILD)/lib%.a: Makefile
	@rm -f $@
	@$(AR) qcs $@ $(filter %.o,$^)

# One object with only the names that the public headers declare, so that nobody's `ring_push` collides with ours.
public_headers := coordinator/executor/executor.h common/fetch_error.h common/limits.h common/status.h
$(BUILD)/public-names: $(public_headers)
	@mkdir -p $(@D)
	@sed -n 's/^[a-z].*[ *]\([a-z_]*\)(.*/\1/p' $^ > $@
$(BUILD)/libshoal.a: $(executor_objects) $(worker_objects) $(common_objects) $(BUILD)/public-names Makefile
	@rm -f $@
	$(call say,LINK)$(LD) -r -o $(BUILD)/shoal-all.o $(filter %.o,$^)
	@objcopy --keep-global-symbols=$(BUILD)/public-names $(BUILD)/shoal-all.o
	@$(AR) rcs $@ $(BUILD)/shoal-all.o

archives := $(BUILD)/libcommand.a $(BUILD)/libexecutor.a $(BUILD)/libworker.a $(BUILD)/libcommon.a

$(BUILD)/shoal: $(BUILD)/coordinator/main.o $(archives)
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/origin: $(BUILD)/tests/origin/origin_main.o $(BUILD)/liborigin.a
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ -lz -lbrotlienc

$(foreach source,$(suite_sources),$(eval $(BUILD)/tests/$(basename $(notdir $(source))): $(BUILD)/$(source:.c=.o)))
$(BUILD)/tests/check_%: $(BUILD)/libsupport.a $(BUILD)/liborigin.a $(archives)
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(CHECK_LIBS) $(LIBS)

# The second parser of pages, for this suite alone.
$(BUILD)/tests/worker/check_links_real.o: private FLAGS += `pkg-config --cflags libxml-2.0`
$(BUILD)/tests/check_links_real: private LIBS += `pkg-config --libs libxml-2.0`

$(BUILD)/tests/runner: $(BUILD)/tests/support/runner.o
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^

-include $(objects:.o=.d)
-include tests/torture/torture.mk
-include tests/soak/soak.mk

# ---- trying it out ----

.PHONY: run demo
#: run         fetches the 15 Wikipedia pages of the classic futures example from the test server, 150 ms each
run: deps-run
	@$(MAKE) --no-print-directory demo
demo: $(BUILD)/shoal $(BUILD)/origin
	@tests/run_demo $(BUILD)

# ---- tests ----

# SUITE: the suites to run, all when empty. SUITE_SECONDS: when a suite is killed, with all that it started.
SUITE         ?=
SUITE_SECONDS ?= 120
selected      := $(if $(SUITE),$(SUITE),$(SUITES) $(SCRIPTS))
ifneq ($(filter-out $(SUITES) $(SCRIPTS),$(SUITE)),)
$(error no suite $(filter-out $(SUITES) $(SCRIPTS),$(SUITE)); there are: $(SUITES) $(SCRIPTS))
endif
binaries      := $(patsubst %,$(BUILD)/tests/check_%,$(filter $(SUITES),$(selected)))
scripts       := $(foreach name,$(filter $(SCRIPTS),$(selected)),$(filter %/check_$(name).sh,$(script_sources)))
again          = +@$(MAKE) --no-print-directory -j$(JOBS)

.PHONY: test suites asan tsan valgrind
#: test        every suite, two at a time (SUITE="ring slot": those alone; JOBS=4: four at a time)
test: deps-test
	$(again) BUILD=$(BUILD)/test VARIANT=-DSHOAL_FAULTS suites

suites: $(binaries) $(BUILD)/tests/runner $(BUILD)/shoal $(BUILD)/libshoal.a $(BUILD)/origin
	@SHOAL_BUILD=$(BUILD) CC="$(CC)" \
	  $(LAUNCH) $(BUILD)/tests/runner -j $(JOBS) -t $(SUITE_SECONDS) $(WRAP:%=-w %) $(binaries) $(scripts)

.PHONY: test-debian13
#: test-debian13  the same of the last commit, in a Debian 13 made by debootstrap (needs root)
test-debian13:
	@tests/debian13 $(BUILD)/debian13 $(JOBS)

# What the sanitizers and valgrind slow down gets more time. Suites that know SHOAL_TEST_ENGINE keep to those engines.
sanitized     := -DSHOAL_FAULTS -DSHOAL_SANITIZED -fno-omit-frame-pointer -fno-sanitize-recover=all
slow           = SUITE_SECONDS=600 SCRIPTS=

#: asan        the suites with AddressSanitizer and UndefinedBehaviorSanitizer
asan: export CK_TIMEOUT_MULTIPLIER = 4
asan: export ASAN_OPTIONS = detect_stack_use_after_return=1:strict_string_checks=1
asan: export UBSAN_OPTIONS = print_stacktrace=1
asan: deps-test
	$(again) BUILD=$(BUILD)/asan VARIANT="$(sanitized) -fsanitize=address,undefined" OPTIMIZE="-O1 -g" $(slow) suites

# gcc says that it does not know fences under -fsanitize=thread: ours order wake-up hints alone.
#: tsan        the suites with ThreadSanitizer: the shared-memory protocol under the threads engine
tsan: export CK_TIMEOUT_MULTIPLIER = 8
tsan: export SHOAL_TEST_ENGINE = threads
tsan: export TSAN_OPTIONS = halt_on_error=1:second_deadlock_stack=1
tsan: deps-test
	$(again) BUILD=$(BUILD)/tsan OPTIMIZE="-O1 -g" $(slow) \
	  VARIANT="$(sanitized) -fsanitize=thread -Wno-unknown-warning-option -Wno-tsan" LAUNCH="setarch -R" suites

#: valgrind    the suites under memcheck: serial and threads engines
valgrind: export CK_FORK = no
valgrind: export CK_TIMEOUT_MULTIPLIER = 20
valgrind: export SHOAL_TEST_ENGINE = serial,threads
valgrind: export VALGRIND_OPTS = --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,possible \
  --errors-for-leak-kinds=definite --child-silent-after-fork=yes --fair-sched=yes
valgrind: deps-valgrind
	$(again) BUILD=$(BUILD)/valgrind VARIANT="-DSHOAL_FAULTS -DSHOAL_SANITIZED" OPTIMIZE="-O1 -g" $(slow) \
	  WRAP="valgrind" suites

-include tests/fuzz/fuzz.mk
-include tests/coverage/coverage.mk

# ---- checks of the sources, none of which changes them ----

lint_archives := $(archives:$(BUILD)/%=$(BUILD)/lint/%)

.PHONY: lint format
#: lint        format, clang-tidy, cppcheck, folder arrows, banned calls, sizes, headers alone, man page, shell
lint: deps-lint
	@mkdir -p $(BUILD)/lint
	$(again) STRICT=1 BUILD=$(BUILD)/lint $(lint_archives) $(BUILD)/lint/coordinator/main.o
	$(again) -k -Otarget -f tests/lint/lint.mk LINT=$(BUILD)/lint CC="$(CC)" \
	  ARCHIVES="$(lint_archives)" \
	  LISTED="$(COMMON:%=common/%.c) $(WORKER:%=worker/%.c) $(EXECUTOR:%=coordinator/%.c) $(COMMAND:%=coordinator/%.c) $(CRAWL:%=coordinator/%.c) $(COMPARE:%=coordinator/%.c)"

.PHONY: circles
#: circles     circles of files and of folders, and how many layers there are
circles: $(archives) $(BUILD)/coordinator/main.o
	@tests/lint/circles --layers $(BUILD)

#: format      lays all C sources out as .clang-format says
format: deps-lint
	@clang-format -i $(sort $(wildcard $(foreach dir,common worker coordinator coordinator/* worker/* coordinator/*/* tests tests/*,$(dir)/*.[ch])))

# ---- installing: PREFIX=/usr/local, DESTDIR= ----

at := $(DESTDIR)$(PREFIX)

.PHONY: install uninstall
#: install     the program, its test server, libshoal.a, its headers, shoal.pc and the man page, under PREFIX
install: $(BUILD)/shoal $(BUILD)/origin $(BUILD)/libshoal.a
	install -d $(at)/bin $(at)/libexec/shoal $(at)/lib/pkgconfig $(at)/include/shoal $(at)/share/man/man1
	install -m 755 $(BUILD)/shoal $(at)/bin/shoal
	install -m 755 $(BUILD)/origin $(at)/libexec/shoal/origin
	install -m 644 $(BUILD)/libshoal.a $(at)/lib/libshoal.a
	for header in $(public_headers); do \
	  sed 's|^#include "[a-z]*/\(.*\)"|#include "shoal/\1"|' $$header > $(BUILD)/header.h && \
	  install -m 644 $(BUILD)/header.h $(at)/include/shoal/$${header##*/} || exit 1; done
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' coordinator/package/shoal.pc.in > $(BUILD)/shoal.pc
	install -m 644 $(BUILD)/shoal.pc $(at)/lib/pkgconfig/shoal.pc
	install -m 644 coordinator/package/shoal.1 $(at)/share/man/man1/shoal.1

#: uninstall   removes what install put there
uninstall:
	rm -f $(at)/bin/shoal $(at)/libexec/shoal/origin $(at)/lib/libshoal.a $(at)/lib/pkgconfig/shoal.pc $(at)/share/man/man1/shoal.1 \
	  $(foreach header,$(public_headers),$(at)/include/shoal/$(notdir $(header)))
	-rmdir $(at)/include/shoal $(at)/libexec/shoal

.PHONY: deb
#: deb         Debian packages of the program and of the library, in build/deb
deb: deps-run
	@tests/install_deps $(DEB_PACKAGES)
	@coordinator/package/deb $(BUILD)/deb $(VERSION)

# ---- Debian's packages: to build, to test, to debug, to lint ----

BUILD_PACKAGES := gcc libc6-dev pkg-config libcurl4-openssl-dev libssl-dev zlib1g-dev libbrotli-dev \
                  libxxhash-dev libexpat1-dev libpcre2-dev libpsl-dev libsqlite3-dev
# Without the optional ones the tests that need them are skipped.
TEST_PACKAGES  := check libxml2-dev --optional ca-certificates nginx-light openssl python3 postgresql-doc python3-doc spin strace chromium
DEBUG_PACKAGES := valgrind
DEB_PACKAGES   := build-essential debhelper
LINT_PACKAGES  := clang clang-format clang-tidy cppcheck shellcheck man-db python3

.PHONY: deps deps-run deps-test deps-valgrind deps-lint
#: deps        installs what is missing of Debian's packages to build, test and lint (nothing when all is there)
deps:
	@tests/install_deps $(BUILD_PACKAGES) $(LINT_PACKAGES) $(TEST_PACKAGES)
deps-run:
	@tests/install_deps $(BUILD_PACKAGES)
deps-test:
	@tests/install_deps $(BUILD_PACKAGES) $(TEST_PACKAGES)
deps-valgrind:
	@tests/install_deps $(BUILD_PACKAGES) $(DEBUG_PACKAGES) $(TEST_PACKAGES)
deps-lint:
	@tests/install_deps $(BUILD_PACKAGES) $(LINT_PACKAGES) $(TEST_PACKAGES)

.PHONY: clean
#: clean       removes build/
clean:
	rm -rf $(BUILD)

#: help        this list
help:
	@sed -n 's/^#: //p' $(MAKEFILE_LIST)
