/* compare_command.h: `shoal compare`, from its arguments to its exit status. */
#ifndef SHOAL_COMPARE_COMMAND_H
#define SHOAL_COMPARE_COMMAND_H

/* argv[0] is "compare"; argv may be permuted. The process must have no other thread. Returns an exit status (enum
 * exit_status). Prints the report on standard output, everything else on standard error. */
int compare_command(int argc, char **argv);

#endif
