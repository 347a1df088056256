/* address.h: which addresses a crawler has no business with. Judged by the address that is connected to, never by how the
 * URL spelled it. */
#ifndef SHOAL_ADDRESS_H
#define SHOAL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Whether the address is anything but public unicast: loopback, private, link-local, shared, multicast, reserved, documentation
 * ... (IANA's special-purpose registries, RFC 6890), also inside IPv4-mapped, NAT64, 6to4 and Teredo addresses. Unknown
 * families count as private. */
bool address_is_private(const struct sockaddr *address);

/* The same of an address in its usual spelling; what is none counts as private. */
bool address_text_is_private(const char *text);

/* The usual spelling; "" for an unknown family. text: at least INET6_ADDRSTRLEN bytes. */
void address_print(const struct sockaddr *address, char *text, size_t bytes);

#define ADDRESS_IS_PRIVATE "the host has a private address (--block-private)"

#endif
