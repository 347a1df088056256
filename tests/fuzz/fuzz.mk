# Fuzzing of every parser of ours, and of the shared memory as a hostile worker would leave it. Included by the Makefile.
# tests/fuzz/README.md says what each target proves.

FUZZ         ?= $(fuzz_targets)
FUZZ_SECONDS ?= 60
fuzz_targets := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
fuzz_objects := $(BUILD)/tests/fuzz/fuzz.o $(BUILD)/tests/fuzz/json.o $(BUILD)/tests/support/naive_robots.o
replayers    := $(fuzz_targets:%=$(BUILD)/tests/fuzz/replay_%)
fuzzers      := $(FUZZ:%=$(BUILD)/tests/fuzz/fuzz_%)

.SECONDARY: $(fuzz_objects) $(fuzz_targets:%=$(BUILD)/tests/fuzz/fuzz_%.o) $(BUILD)/tests/fuzz/replay.o

# Seeds alone, by any compiler.
$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(fuzz_objects) $(archives)
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
# clang's libFuzzer.
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(fuzz_objects) $(archives)
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

-include $(fuzz_targets:%=$(BUILD)/tests/fuzz/fuzz_%.d) $(fuzz_objects:.o=.d) $(BUILD)/tests/fuzz/replay.d

FUZZ_PACKAGES := clang libclang-rt-dev

.PHONY: fuzz fuzz-quick fuzz-run
#: fuzz        libFuzzer with the sanitizers, a minute for each target (FUZZ="url input": those; FUZZ_SECONDS=600)
fuzz: deps-run
	@tests/install_deps $(FUZZ_PACKAGES)
	$(again) CC=clang BUILD=$(BUILD)/fuzz OPTIMIZE="-O1 -g" SCRIPTS= fuzz-run \
	  VARIANT="-DSHOAL_SANITIZED -fno-omit-frame-pointer -fno-sanitize-recover=all -fsanitize=fuzzer-no-link,address,undefined"
#: fuzz-quick  the same, ten seconds for each
fuzz-quick:
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=10
fuzz-run: $(fuzzers)
	@tests/fuzz/run $(BUILD) $(FUZZ_SECONDS) $(FUZZ)

# `make test` replays the seeds: tests/program/check_fuzz.sh.
suites: $(if $(filter fuzz,$(selected)),$(replayers))
