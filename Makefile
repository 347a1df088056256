# shoal: bulk fetcher. `make help` lists the targets.
#
# The order of the sources is the order of the data path, and of the source tour in README.md.

BUILD   ?= build
ifeq ($(origin CC),default)
CC      := gcc
endif
PREFIX  ?= /usr/local
DESTDIR ?=
VARIANT ?=
VERSION := $(shell sed -n 's/.*SHOAL_VERSION "\(.*\)".*/\1/p' common/version.h)

WARNINGS  := -Wall -Wextra -Wshadow -Wconversion -Wvla
ifndef NO_WERROR
WARNINGS  += -Werror
endif
OPTIMIZE  ?= -O2 -g
FLAGS      = -std=c11 -D_GNU_SOURCE -I. $(WARNINGS) $(OPTIMIZE) $(VARIANT) \
             $(shell pkg-config --cflags libcurl libcrypto 2>/dev/null)
LIBS       = $(shell pkg-config --libs libcurl libcrypto 2>/dev/null) -pthread

# ---- sources, in the order of the data path ----

COMMON      := status fetch_error limits check fault clock url shared slot ring done_ring roster extent
WORKER      := worker fetch transfer headers address outcome
# the futures: the C API
EXECUTOR    := cpus executor_open executor feed future completions map reaper \
               engine_processes engine_threads engine_serial
# the command line
COMMAND     := main help option_table option_values options fetch_options units \
               fetch_command run signals wakeups \
               input hosts due_heap task scheduler turns delivery \
               writer escape sink_text sink_jsonl save_name sink_files summary progress
ORIGIN      := $(sort $(basename $(notdir $(wildcard tests/origin/*.c))))

common_objects   := $(COMMON:%=$(BUILD)/common/%.o)
worker_objects   := $(WORKER:%=$(BUILD)/worker/%.o)
executor_objects := $(EXECUTOR:%=$(BUILD)/coordinator/%.o)
command_objects  := $(COMMAND:%=$(BUILD)/coordinator/%.o)
origin_objects   := $(ORIGIN:%=$(BUILD)/tests/origin/%.o)

.PHONY: all help
all: $(BUILD)/shoal $(BUILD)/libshoal.a $(BUILD)/origin

help:
	@sed -n 's/^#: //p' $(MAKEFILE_LIST)

$(BUILD)/libcommon.a: $(common_objects)
$(BUILD)/libworker.a: $(worker_objects)
$(BUILD)/libexecutor.a: $(executor_objects)
$(BUILD)/libcommand.a: $(filter-out %/main.o,$(command_objects))
$(BUILD)/liborigin.a: $(filter-out %/origin_main.o,$(origin_objects))
$(BUILD)/lib%.a:
	@rm -f $@
	$(AR) rcs $@ $^

# One object with only the public names, so that nobody's `ring_push` collides with ours.
$(BUILD)/libshoal.a: $(executor_objects) $(worker_objects) $(common_objects)
	@rm -f $@
	$(LD) -r -o $(BUILD)/shoal-all.o $^
	objcopy --wildcard --keep-global-symbol='executor_*' --keep-global-symbol='future_*' \
	  --keep-global-symbol='futures_*' --keep-global-symbol='completions_*' \
	  --keep-global-symbol='fetch_error_*' --keep-global-symbol='fetch_limits_*' \
	  --keep-global-symbol='status_name' $(BUILD)/shoal-all.o
	$(AR) rcs $@ $(BUILD)/shoal-all.o

archives := $(BUILD)/libcommand.a $(BUILD)/libexecutor.a $(BUILD)/libworker.a $(BUILD)/libcommon.a

$(BUILD)/shoal: $(BUILD)/coordinator/main.o $(archives)
	$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/origin: $(BUILD)/tests/origin/origin_main.o $(BUILD)/liborigin.a
	$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ -lz

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
