# The checks of `make lint`: each is a target, all run side by side, and nothing is changed but stamps in LINT.
# `make lint` calls it with LINT, the directory of the stamps; LISTED, the Makefile's sources; ARCHIVES, the libraries.

LINT     ?= build/lint
tidy_flags  := -std=c11 -D_GNU_SOURCE -I. $(shell pkg-config --cflags libcurl libcrypto libxml-2.0)
product  := $(sort $(wildcard common/*.c worker/*.c coordinator/*.c coordinator/*/*.c coordinator/*/*/*.c worker/*/*.c))
tests    := $(sort $(wildcard tests/*.c tests/*/*.c))
headers  := $(sort $(wildcard common/*.h worker/*.h coordinator/*.h coordinator/*/*.h coordinator/*/*/*.h worker/*/*.h tests/*.h tests/*/*.h))
shell    := $(wildcard .ci/run tests/run_demo tests/install_deps tests/debian13 coordinator/package/deb tests/*.sh tests/*/*.sh tests/fuzz/run tests/model/run)
sources  := $(product) $(tests) $(headers)

.PHONY: lint format other-clang tidy cppcheck arrows banned sizes alone link man shell listed faults circles
lint: tidy cppcheck format arrows banned sizes alone link man shell listed faults

# What these tools say differs from version to version: they are asked in Debian 12's alone.
clang_is_ours := $(shell clang-format --version | grep -q 'version 14\.' && clang-tidy --version | grep -q 'version 14\.' && echo yes)
other-clang:
	@echo "clang-format, clang-tidy: skipped, as they are not version 14"

# clang-tidy is asked again only for what changed; the analyzer's nodes are bounded, for time.
analyzer := -Xclang -analyzer-config -Xclang max-nodes=40000
# tests/example.c knows the installed header alone: tests/program/check_install.sh compiles it.
tidy: $(if $(clang_is_ours),$(patsubst %,$(LINT)/%.tidy,$(product) $(filter-out tests/example.c,$(tests))),other-clang)
$(LINT)/%.tidy: % $(headers) .clang-tidy tests/.clang-tidy
	@mkdir -p $(@D)
	@clang-tidy --quiet $(analyzer:%=--extra-arg=%) $< -- $(tidy_flags) 2>$@.log || { grep -v ' warnings\? generated' $@.log; exit 1; }
	@touch $@

cppcheck:
	@cppcheck --version | grep -q ' 2\.10' || { echo "cppcheck: skipped, as it is not version 2.10"; exit 0; }; \
	cppcheck -q --std=c11 --enable=warning,performance,portability --inline-suppr --library=posix -I. -D_GNU_SOURCE \
	  --suppress=unknownMacro --suppress=preprocessorErrorDirective --suppress=uninitvar --suppress=varFuncNullUB --suppress=readdirCalled --suppress=invalidFunctionArg:tests/* \
	  --suppress=memleakOnRealloc:tests/* --error-exitcode=1 --template=gcc common worker coordinator tests

format: $(if $(clang_is_ours),,other-clang)
	@$(if $(clang_is_ours),,exit 0;) clang-format --dry-run -Werror $(sources) 2>$(LINT)/format.log || { \
	  echo "not laid out as .clang-format says (make format does it):"; \
	  sed -n 's/^\([^:]*\):[0-9].*: error: .*/  \1/p' $(LINT)/format.log | sort | uniq -c; exit 1; }

arrows:
	@tests/lint/arrows.sh
banned:
	@tests/lint/banned.sh $(sources)
sizes:
	@tests/lint/sizes.sh $(sources)
alone:
	@tests/lint/alone.sh $(LINT) $(headers)
# Needs all objects of the program in LINT.
circles:
	@tests/lint/circles $(LINT)
link:
	@tests/lint/link.sh $(LINT) $(ARCHIVES)

man:
	@man --warnings -E UTF-8 -l -Tutf8 -Z coordinator/package/shoal.1 2>&1 >/dev/null | sed 's/^/coordinator\/shoal.1: /' >$(LINT)/man.log; \
	  cat $(LINT)/man.log; test ! -s $(LINT)/man.log
shell:
	@shellcheck $(shell)

# A fault point that the suites forget is tried by nobody.
faults:
	@tests/lint/faults.sh $(LINT)

# A source that the Makefile forgets is built by nobody.
listed:
	@for source in $(filter-out $(LISTED),$(product)); do echo "$$source: is in no list of the Makefile"; done; \
	  test -z "$(filter-out $(LISTED),$(product))"
