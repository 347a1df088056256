/* Which addresses are nobody's business: worker/fetch/address.c.
 *
 * IANA's special-purpose registries (RFC 6890 and its updates), also inside the IPv6 forms that carry an IPv4 address. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "worker/fetch/address.h"

static const char *const PRIVATE[] = {
    /* IPv4 */
    "0.0.0.0",
    "0.0.0.1",
    "0.255.255.255",
    "10.0.0.0",
    "10.1.2.3",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.0.0.53",
    "127.255.255.255",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    /* IPv6 */
    "::",
    "::1",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "100::1",
    "2001:db8::1",
    "2001::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff:ffff::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "5f00::1",
    "4000::1",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1::808:808",
    /* IPv4 inside IPv6 */
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::127.0.0.1",
    "::10.0.0.1",
    "::192.168.1.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "2002:c0a8:101::1",
    "2002:a9fe:a9fe::1",
    "2001:0:53aa:64c:0:fbff:80ff:fffe",
    "2001:0:808:808:0:0:80ff:fffe",
};

static const char *const PUBLIC[] = {
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "192.0.3.1",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "2003::1",
    "2400::1",
    "2606:4700::1111",
    "2a00:1450:4001:80e::2004",
    "3fff:1000::1",
    "3ffe::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
};

static bool is_private(const char *text)
{
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    struct sockaddr_in *in = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&storage;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(80);
    } else {
        ck_assert_msg(inet_pton(AF_INET6, text, &in6->sin6_addr) == 1, "%s is no address", text);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(80);
    }
    return address_is_private((const struct sockaddr *)&storage);
}

START_TEST(special_addresses_are_private)
{
    ck_assert_msg(is_private(PRIVATE[_i]), "%s passes", PRIVATE[_i]);
}
END_TEST

START_TEST(public_addresses_pass)
{
    ck_assert_msg(!is_private(PUBLIC[_i]), "%s is refused", PUBLIC[_i]);
}
END_TEST

/* RFC 4291, 2.5.5.1: IPv4-compatible addresses are deprecated; nothing public answers at any of them. */
START_TEST(an_ipv4_compatible_address_is_never_public)
{
    ck_assert(is_private("::8.8.8.8"));
    ck_assert(is_private("::2"));
}
END_TEST

START_TEST(unknown_families_are_private)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/docker.sock"};
    ck_assert(address_is_private((const struct sockaddr *)&local));
    struct sockaddr_in in = {.sin_family = AF_UNSPEC};
    in.sin_addr.s_addr = htonl(0x08080808);
    ck_assert(address_is_private((const struct sockaddr *)&in));
}
END_TEST

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *address_suite(void)
{
    Suite *suite = suite_create("address");
    TCase *tests = tcase_create("address");
    tcase_add_loop_test(tests, special_addresses_are_private, 0, COUNT_OF(PRIVATE));
    tcase_add_loop_test(tests, public_addresses_pass, 0, COUNT_OF(PUBLIC));
    tcase_add_test(tests, an_ipv4_compatible_address_is_never_public);
    tcase_add_test(tests, unknown_families_are_private);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(address_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
