/* address.c: which addresses a crawler has no business with. */
#include "worker/fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct network4 {
    uint32_t address;
    uint8_t bits;
};

/* RFC 6890 and the IANA IPv4 special-purpose registry. */
static const struct network4 PRIVATE_4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8 this network */
    {0x0a000000, 8},  /* 10.0.0.0/8 private */
    {0x64400000, 10}, /* 100.64.0.0/10 shared */
    {0x7f000000, 8},  /* 127.0.0.0/8 loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0/16 link-local */
    {0xac100000, 12}, /* 172.16.0.0/12 private */
    {0xc0000000, 24}, /* 192.0.0.0/24 protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0/24 documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24 6to4 relay */
    {0xc0a80000, 16}, /* 192.168.0.0/16 private */
    {0xc6120000, 15}, /* 198.18.0.0/15 benchmarking */
    {0xc6336400, 24}, /* 198.51.100.0/24 documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24 documentation */
    {0xe0000000, 4},  /* 224.0.0.0/4 multicast */
    {0xf0000000, 4},  /* 240.0.0.0/4 reserved, broadcast */
};

static bool is_private_4(uint32_t address)
{
    for (size_t i = 0; i < sizeof PRIVATE_4 / sizeof PRIVATE_4[0]; i++) {
        uint32_t mask = ~0u << (32 - PRIVATE_4[i].bits);
        if ((address & mask) == PRIVATE_4[i].address)
            return true;
    }
    return false;
}

static uint32_t read_4(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_private_6(const uint8_t *a)
{
    static const uint8_t ZERO[16];
    static const uint8_t NAT64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (memcmp(a, NAT64, 12) == 0) /* 64:ff9b::/96 */
        return is_private_4(read_4(a + 12));
    if (memcmp(a, MAPPED, 12) == 0)
        return is_private_4(read_4(a + 12));
    if (memcmp(a, ZERO, 12) == 0) /* ::, ::1, and IPv4-compatible, which nobody routes (RFC 4291, 2.5.5.1) */
        return true;
    if (a[0] == 0x20 && a[1] == 0x02) /* 2002::/16 6to4 */
        return is_private_4(read_4(a + 2));
    if (a[0] == 0x20 && a[1] == 0x01 && a[2] < 0x02) /* 2001::/23 protocol assignments, Teredo */
        return true;
    if (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8) /* 2001:db8::/32 documentation */
        return true;
    if (a[0] == 0x3f && a[1] == 0xff && a[2] < 0x10) /* 3fff::/20 documentation */
        return true;
    return (a[0] & 0xe0) != 0x20; /* all but global unicast, 2000::/3: unique local, link-local, multicast, ... */
}

bool address_is_private(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_private_4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return is_private_6(in6.sin6_addr.s6_addr);
    }
    return true;
}

bool address_text_is_private(const char *text)
{
    struct in_addr in;
    struct in6_addr in6;
    if (inet_pton(AF_INET, text, &in) == 1)
        return is_private_4(ntohl(in.s_addr));
    return inet_pton(AF_INET6, text, &in6) != 1 || is_private_6(in6.s6_addr);
}

void address_print(const struct sockaddr *address, char *text, size_t bytes)
{
    struct sockaddr_in in = {0};
    struct sockaddr_in6 in6 = {0};
    text[0] = '\0';
    if (address->sa_family == AF_INET) {
        memcpy(&in, address, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, text, (socklen_t)bytes);
    } else if (address->sa_family == AF_INET6) {
        memcpy(&in6, address, sizeof in6);
        inet_ntop(AF_INET6, &in6.sin6_addr, text, (socklen_t)bytes);
    }
}
