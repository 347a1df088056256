# Many URLs for minutes, while workers are killed and stopped. Included by the Makefile.

# SOAK_URLS: how many. SOAK_SECONDS: no new URL is given after so long. SEED: the dice of a run before.
SOAK_URLS    ?= 1000000
SOAK_SECONDS ?= 480

$(BUILD)/tests/soak/soak: $(BUILD)/tests/soak/soak.o $(BUILD)/tests/soak/usage.o $(BUILD)/liborigin.a $(BUILD)/libcommon.a
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ -lz -lbrotlienc

-include $(BUILD)/tests/soak/soak.d $(BUILD)/tests/soak/usage.d

.PHONY: soak
#: soak        1,000,000 URLs while workers die, stop and meet resets (SOAK_URLS=, SOAK_SECONDS=480, SEED=)
soak: deps-run
	@$(MAKE) --no-print-directory $(BUILD)/shoal $(BUILD)/tests/soak/soak
	@$(BUILD)/tests/soak/soak $(BUILD)/shoal $(SOAK_URLS) $(SOAK_SECONDS) $(SEED)
