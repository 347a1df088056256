/* crash.h: a crash on demand, so that anybody can see what one costs: executor_options.crash_url. */
#ifndef SHOAL_CRASH_H
#define SHOAL_CRASH_H

/* Dies of SIGSEGV, as a bad pointer would make it, if url is crash_url. */
void crash_if_url(const char *url, const char *crash_url);

#endif
