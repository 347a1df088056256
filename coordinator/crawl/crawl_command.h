/* crawl_command.h: `shoal crawl`. */
#ifndef SHOAL_CRAWL_COMMAND_H
#define SHOAL_CRAWL_COMMAND_H

/* argv[0] is "crawl". Returns an exit status. */
int crawl_command(int argc, char **argv);

#endif
