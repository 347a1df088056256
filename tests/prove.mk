# What is claimed of deaths, proved: the protocol explored by spin, and a kill between any two instructions.
# Included by the Makefile.

MODEL_PACKAGES := gcc libc6-dev spin

.PHONY: model model-quick steps
#: model       the protocol of rings and slots as a model, explored whole by spin, and each broken variant of it
model:
	@tests/install_deps $(MODEL_PACKAGES)
	@CC="$(CC)" tests/model/run -d $(BUILD)/model $(CASE)
#: model-quick those cases of it that take no time
model-quick:
	@tests/install_deps $(MODEL_PACKAGES)
	@CC="$(CC)" tests/model/run -q -d $(BUILD)/model

#: steps       workers and coordinators killed between any two instructions of their way; half an hour
steps: deps-test
	$(again) BUILD=$(BUILD) $(BUILD)/tests/check_every_instruction
	@CK_VERBOSITY=normal SHOAL_STEPS=all $(BUILD)/tests/check_every_instruction

$(BUILD)/tests/check_every_instruction: $(BUILD)/tests/support/stepper.o
-include $(BUILD)/tests/support/stepper.d
