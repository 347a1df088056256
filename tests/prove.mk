# What is claimed of deaths, proved: the protocol explored by spin.
# Included by the Makefile.

MODEL_PACKAGES := gcc libc6-dev spin

.PHONY: model model-quick
#: model       the protocol of rings and slots as a model, explored whole by spin, and each broken variant of it
model:
	@tests/install_deps $(MODEL_PACKAGES)
	@CC="$(CC)" tests/model/run -d $(BUILD)/model $(CASE)
#: model-quick those cases of it that take no time
model-quick:
	@tests/install_deps $(MODEL_PACKAGES)
	@CC="$(CC)" tests/model/run -q -d $(BUILD)/model
