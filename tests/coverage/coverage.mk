# Which lines and branches the suites reach. Included by the Makefile; tests/coverage/README.md tells the figures.

COVERAGE_PACKAGES := python3

.PHONY: coverage coverage-report
#: coverage    the suites under gcov; lines and branches of every source, and what is left of those that must have none
coverage: export CK_TIMEOUT_MULTIPLIER = 4
coverage: deps-test
	@tests/install_deps $(COVERAGE_PACKAGES)
	@find $(BUILD)/coverage -name '*.gcda' -delete 2>/dev/null || true
	$(again) BUILD=$(BUILD)/coverage OPTIMIZE="-O0 -g" $(slow) \
	  VARIANT="-DSHOAL_FAULTS -DSHOAL_COVERAGE --coverage -fprofile-update=atomic -include $(CURDIR)/tests/coverage/flush.h" suites
	@$(MAKE) --no-print-directory coverage-report

# Of the run before.
coverage-report:
	@tests/coverage/report $(BUILD)/coverage common worker coordinator
