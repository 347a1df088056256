# The engine's own figures, and shoal beside its peers on one machine. Included by the Makefile.

$(BUILD)/bench_engine: $(BUILD)/tests/bench/engine.o $(BUILD)/libexecutor.a $(BUILD)/libworker.a $(BUILD)/libcommon.a
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# bench_html FILE ...: how fast pages are taken apart, and how fast their links are found.
$(BUILD)/bench_html: $(BUILD)/tests/bench/html.o $(BUILD)/libworker.a $(BUILD)/libcommon.a
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

-include $(BUILD)/tests/bench/engine.d $(BUILD)/tests/bench/html.d

BENCH_PACKAGES := nginx-light wget2 wrk

.PHONY: bench bench-engine bench-burst
#: bench       empty tasks a second, latency, and 50,000 pages of 10 KiB beside wrk and wget2
bench: deps-run
	@tests/install_deps $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory bench-engine bench-burst
bench-engine: $(BUILD)/bench_engine
	@for i in 1 2 3; do $(BUILD)/bench_engine empty 2000000 2 || exit 1; done
	@$(BUILD)/bench_engine latency 20000
bench-burst: $(BUILD)/bench_engine $(BUILD)/shoal
	@tests/bench/burst $(BUILD) $(BENCH_ROUNDS)
