# Each call that may fail, made to fail in turn. Included by the Makefile.

# The calls of our own objects that wrap.c stands in front of; those of libcurl and the C library pass by. What worker/fetch/memory.c
# allocates is libcurl's, and counted apart.
torture_calls := malloc calloc realloc strdup free mmap fallocate posix_fallocate ftruncate shm_open fork pthread_create \
                 socket open openat fopen write send read pipe2 eventfd epoll_create1 epoll_ctl epoll_wait poll signalfd \
                 pidfd_open mkdir mkdirat renameat fcntl dup2 getrandom sem_init fstat
comma         := ,
torture_flags := $(torture_calls:%=-Wl$(comma)--wrap=%)
torture_parts := $(BUILD)/tests/torture/wrap.o $(BUILD)/tests/torture/memory.o

$(BUILD)/tests/torture/memory.o: $(BUILD)/worker/fetch/memory.o
	@mkdir -p $(@D)
	@objcopy --redefine-sym malloc=torture_libcurl_malloc $< $@

# The program, and a program that uses the library.
$(BUILD)/torture/shoal: $(BUILD)/coordinator/main.o $(torture_parts) $(archives)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) $(torture_flags) -o $@ $^ $(LIBS)
$(BUILD)/torture/use: $(BUILD)/tests/torture/use.o $(torture_parts) $(archives)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(FLAGS) $(LDFLAGS) $(torture_flags) -o $@ $^ $(LIBS)

torture_suites := $(BUILD)/tests/check_torture_program $(BUILD)/tests/check_torture_library
$(torture_suites): $(BUILD)/tests/torture/walk.o
$(torture_suites): | $(BUILD)/torture/shoal $(BUILD)/torture/use

-include $(BUILD)/tests/torture/wrap.d $(BUILD)/tests/torture/use.d $(BUILD)/tests/torture/walk.d

.PHONY: torture
#: torture     each call of ours that may fail is made to fail, one after the other, in the program and the library
torture: export TORTURE_NTH = all
torture: deps-test
	$(again) BUILD=$(BUILD)/test VARIANT=-DSHOAL_FAULTS SUITE="torture_program torture_library" SUITE_SECONDS=1800 suites
