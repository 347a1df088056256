/* fetch_command.h: `shoal fetch`, from its arguments to its exit status. */
#ifndef SHOAL_FETCH_COMMAND_H
#define SHOAL_FETCH_COMMAND_H

/* argv[0] is "fetch"; argv may be permuted. The process must have no other thread. Returns an exit
 * status (enum exit_status). Prints results on standard output, everything else on standard error;
 * changes the limit of open files to the highest allowed. */
int fetch_command(int argc, char **argv);

#endif
