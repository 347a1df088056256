/* help.h: what the program says about itself. */
#ifndef SHOAL_HELP_H
#define SHOAL_HELP_H

#include <stdbool.h>

#include "coordinator/base/exit_status.h"
#include "coordinator/text/writer.h"

/* `shoal help [command]`: argv[0] is "help". Prints on standard output, or one line on stderr when
 * there is no such command (EXIT_USAGE) or the output cannot be written (EXIT_CANNOT_RUN). */
enum exit_status help_command(int argc, char **argv);

/* `shoal --version`; verbose: libcurl's features, our limits, and a note if libcurl is old. */
enum exit_status help_version(bool verbose);

/* The texts themselves, at most 80 columns wide. */
void help_put_overview(struct writer *writer);
void help_put_fetch(struct writer *writer);
void help_put_crawl(struct writer *writer);
void help_put_compare(struct writer *writer);
void help_put_version(struct writer *writer, bool verbose);

/* Nothing; or, for a libcurl below the version that we hold to be safe, a note on why. number: as LIBCURL_VERSION_NUM. */
void help_put_libcurl_floor(struct writer *writer, unsigned number, const char *version);

#endif
