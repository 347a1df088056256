/* fault.h: places where a test can make a process die. Compiled in with SHOAL_FAULTS alone; otherwise nothing.
 *
 * FAULT=name:nth:action in the environment acts at the nth time that a process passes FAULT_POINT("name"); where FAULT_SPARES is
 * set, not in the process of that number. tests/support/faults.c lists all points; `make lint` compares.
 * FAULT_URL=text:action acts whenever a body byte arrives for a URL that holds `text`. Actions: kill (SIGKILL), segv, stop
 * (SIGSTOP), exit, spin (an endless loop). */
#ifndef SHOAL_FAULT_H
#define SHOAL_FAULT_H

#define FAULT_EXIT_STATUS 99 /* of the action exit */

#ifdef SHOAL_FAULTS
void fault_point(const char *name);
void fault_url(const char *url);
#define FAULT_POINT(name) fault_point(name)
#define FAULT_URL(url) fault_url(url)
#else
#define FAULT_POINT(name) ((void)0)
#define FAULT_URL(url) ((void)0)
#endif

#endif
