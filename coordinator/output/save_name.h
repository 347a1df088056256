/* save_name.h: the names of saved bodies.
 *
 *     https://en.wikipedia.org/wiki/PHP      en.wikipedia.org/wiki/PHP
 *     http://127.0.0.1:8080/                 127.0.0.1+8080/index.html
 *     https://example.org/a?x=1              example.org/a%3Fx=1
 *     https://example.org/index.html         example.org/index.html~1b2c3d4e
 *
 * DESIGN. A name is a list of components: all but the last are directories. The mapping is made per
 * component, so that pages of one directory stay together, and it is injective but for collisions
 * of a 32-bit hash: a component that two spellings could share gets `~` and eight hexadecimal
 * digits, the hash of its raw bytes; a component that already looks so gets them too. What makes a
 * component ambiguous:
 *
 *   - bytes that no name should hold (controls, blanks, non-ASCII), which become %XX, the spelling
 *     that a URL has for them already; the printable ones (`:` `*` `?` `/` ...) become %XX too, but
 *     here it is the spelling %3A that gets the hash, since the plain ones are common;
 *   - nothing at all (`//`), `.` and `..`, a dot at the end, names that Windows reserves (CON, NUL,
 *     COM1, ...), which get a `_` before them too;
 *   - more than 255 bytes: cut; more directories or bytes than the bounds below: the rest becomes
 *     one hash;
 *   - the last component `index.html`, which `/` has taken.
 *
 * https on port 443 is the host alone, http has its port (`+80` too), https on another port is
 * `+https+PORT`. The fragment, the user name and the password do not count. */
#ifndef SHOAL_SAVE_NAME_H
#define SHOAL_SAVE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/url.h"

#define SAVE_NAME_COMPONENTS_MAX 24
#define SAVE_NAME_BYTES_MAX 2048
#define SAVE_COMPONENT_BYTES_MAX 255

/* Components lie one after the other, each with its NUL. */
struct save_name {
    size_t component_count;
    size_t component_max; /* bytes that the file system allows in one; at most
                             SAVE_COMPONENT_BYTES_MAX */
    size_t used;
    uint16_t offset[SAVE_NAME_COMPONENTS_MAX];
    char bytes[SAVE_NAME_BYTES_MAX + SAVE_COMPONENT_BYTES_MAX + 1];
};

/* Never fails. component_max: of the file system, 0 for SAVE_COMPONENT_BYTES_MAX. */
void save_name_make(struct save_name *name, const struct url_parts *url, size_t component_max);

const char *save_name_component(const struct save_name *name, size_t index);

/* Another name for component, where a file stands in the way of a directory or the reverse:
 * component and `~` hash. text has SAVE_COMPONENT_BYTES_MAX + 1. */
void save_name_alternative(const struct save_name *name, size_t index, bool directory, char *text);

/* Has the last component end in ending (".html", or "" where any will do), for programs that go by it: it is put behind one that does
 * not, and stays where it is, in whatever case, else. So two names may become one: another attempt (1, 2, ...) on a name that was made
 * anew puts `~` and a hash of the component before the ending. */
void save_name_set_ending(struct save_name *name, const char *ending, unsigned attempt);

#endif
