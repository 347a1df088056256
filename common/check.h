/* check.h: invariants that stay on in release builds. For what must hold between our own processes; never for input. */
#ifndef SHOAL_CHECK_H
#define SHOAL_CHECK_H

/* Exit status of a process that found an invariant broken; the command line documents it. */
#define EXIT_INVARIANT 4

/* check(condition): says what broke and ends the process with EXIT_INVARIANT. */
#define check(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))

_Noreturn void check_failed(const char *condition, const char *file, int line);

#endif
