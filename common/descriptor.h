/* descriptor.h: descriptors that stay clear of standard input, output and error. */
#ifndef SHOAL_DESCRIPTOR_H
#define SHOAL_DESCRIPTOR_H

/* Takes over fd and returns the same open file as a descriptor above 2, close-on-exec: a host program may have closed its
 * standard descriptors, and a worker puts /dev/null in their place. -1 with errno when fd is -1 or there is none left. */
int descriptor_above_stdio(int fd);

#endif
