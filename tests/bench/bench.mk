# The whole benchmark: shoal beside its peers on one machine, and the engine's own figures. Included by the Makefile.

bench_objects := $(patsubst %.c,$(BUILD)/%.o,$(sort $(filter-out %/html.c %/frontier.c %/hosts.c,$(wildcard tests/bench/*.c))))
$(BUILD)/bench_engine: $(bench_objects) $(BUILD)/libexecutor.a $(BUILD)/libworker.a $(BUILD)/libcommon.a
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# bench_html FILE ...: how fast pages are taken apart, and how fast their links are found.
$(BUILD)/bench_html: $(BUILD)/tests/bench/html.o $(BUILD)/libworker.a $(BUILD)/libcommon.a
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# bench_frontier: 10 million URLs through the frontier and the set of those that were seen.
$(BUILD)/bench_frontier: $(BUILD)/tests/bench/frontier.o $(BUILD)/libcommand.a $(BUILD)/libexecutor.a $(BUILD)/libworker.a $(BUILD)/libcommon.a
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# bench_hosts: the server of tests/bench/hosts.py.
$(BUILD)/bench_hosts: $(BUILD)/tests/bench/hosts.o $(BUILD)/libsupport.a
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_LIBS)

-include $(bench_objects:.o=.d) $(BUILD)/tests/bench/html.d $(BUILD)/tests/bench/frontier.d $(BUILD)/tests/bench/hosts.d

# PEERS=all: the Python ones too, which bring many packages. What is not there is named in the table and left out.
PEERS          ?=
BENCH_PACKAGES := nginx-light python3
PEER_PACKAGES  := wget2 curl aria2 wrk $(if $(filter all,$(PEERS)),python3-requests python3-aiohttp python3-scrapy)
BENCH_ROUNDS   ?= 5
BENCH_OPTIONS  ?=
# BENCH: the workloads, all when empty.
BENCH          ?=
comma          := ,
bench_what      = $(if $(BENCH),--workloads $(subst $(eval) ,$(comma),$(strip $(BENCH))))
bench_programs := $(BUILD)/shoal $(BUILD)/origin $(BUILD)/bench_engine
bench_run       = tests/bench/run --build $(BUILD) --rounds $(BENCH_ROUNDS)

# tests/program/check_bench.sh runs the benchmark, small.
suites: $(BUILD)/bench_engine $(BUILD)/bench_hosts

.PHONY: bench bench-run bench-burst bench-engine bench-sandbox bench-frontier bench-hosts bench-hosts-run
#: bench       shoal beside its peers on six workloads, ratios, the engine's figures (BENCH="crawl": that alone; PEERS=all: Python's peers too)
bench: deps-run
	@tests/install_deps $(BENCH_PACKAGES)
	@tests/install_deps --optional $(PEER_PACKAGES)
	@$(MAKE) --no-print-directory bench-run
bench-run: $(bench_programs)
	@$(bench_run) --json $(BUILD)/bench.json $(bench_what) $(BENCH_OPTIONS)
#: bench-burst the burst workload alone, with the limit (BENCH_ROUNDS=9)
bench-burst: $(bench_programs)
	@$(bench_run) --json $(BUILD)/bench-burst.json --workloads burst \
	  --only shoal,shoal-threads,bodies-kept,wget2,wrk $(BENCH_OPTIONS)
bench-engine: $(bench_programs)
	@$(bench_run) --workloads engine $(BENCH_OPTIONS)
#: bench-sandbox  what the workers' sandbox costs: one system call, and the burst workload with it and without
bench-sandbox: $(bench_programs)
	@$(BUILD)/bench_engine calls
	@$(bench_run) --workloads burst --only shoal,shoal-unconfined $(BENCH_OPTIONS)
#: bench-frontier 10 million URLs through the crawl's frontier: rate, memory, disk (BENCH_ROUNDS=5)
bench-frontier: $(BUILD)/bench_frontier
	@$(BUILD)/bench_frontier -r $(BENCH_ROUNDS)
#: bench-hosts a crawl of 1,000 hosts, four at an address: whether it takes the time that the delays imply (BENCH_OPTIONS="--delay 100")
bench-hosts: deps-test
	@$(MAKE) --no-print-directory bench-hosts-run
bench-hosts-run: $(BUILD)/shoal $(BUILD)/bench_hosts
	@tests/bench/hosts.py --build $(BUILD) $(BENCH_OPTIONS)
