/* mirror_log.h: what was saved where, so that links can lead there: each saved file with its links and where they stand in it, and each
 * redirect.
 *
 * DESIGN. All of it lies in a temporary file (url_log.h), in the order in which it came. In memory is one pair for each file or redirect:
 * the fingerprint of its URL and where its record is, 16 bytes, and up to a quarter more while it grows. When all is there it is
 * sorted, and can be asked. The memory is mapped with MADV_DONTFORK. */
#ifndef SHOAL_MIRROR_LOG_H
#define SHOAL_MIRROR_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/page.h"
#include "common/status.h"
#include "coordinator/output/save_tree.h"

#define MIRROR_REDIRECTS_MAX 32u /* that are followed from a link to a file */

enum mirror_flag {
    MIRROR_IS_PAGE = 1,       /* HTML or a style: its links should lead to what is saved */
    MIRROR_IS_CSS = 2,        /* a style */
    MIRROR_HAS_POSITIONS = 4, /* ... and it is known where they stand */
};

struct mirror_file {
    uint64_t fingerprint; /* of its URL */
    uint64_t bytes, hash; /* of what was saved: fingerprint_of() */
    unsigned flags;       /* enum mirror_flag */
    struct url_text url;
    struct url_text path; /* ended by NUL; see save_tree_path() */
};

struct mirror_link {
    uint64_t fingerprint; /* of the URL it leads to */
    uint64_t at;
    uint32_t raw_bytes;
    enum link_kind kind;
    enum link_quoting quoting;
    struct url_text url;
};

struct mirror_log;

/* NULL when memory is short. */
struct mirror_log *mirror_log_open(void);
void mirror_log_close(struct mirror_log *log); /* accepts NULL */

/* Keeps a file, with those links of its page that have a place; page: NULL: it has none. The page's texts may lie in memory that
 * workers share: each is copied before it is used. OUT_OF_MEMORY; SYSTEM: the disk: mirror_log_why(). May block on the disk. */
enum status mirror_log_add_file(struct mirror_log *log, const struct mirror_file *file, struct page *page,
                                const void *block);
enum status mirror_log_add_redirect(struct mirror_log *log, uint64_t from, uint64_t to);

/* Files and redirects. */
uint64_t mirror_log_count(const struct mirror_log *log);

/* No more is added; what follows may be called. */
void mirror_log_seal(struct mirror_log *log);

/* The path of the file that was saved for a URL, or for what that was redirected to; NULL: none was. Valid until the next call. */
const char *mirror_log_find(struct mirror_log *log, uint64_t fingerprint);

/* The next file, from the first on, and its links in the order of their places. Both are valid until the next call. OK; END;
 * OUT_OF_MEMORY; SYSTEM: the temporary file cannot be read. */
enum status mirror_log_next(struct mirror_log *log, struct mirror_file *file, const struct mirror_link **links,
                            size_t *link_count);

/* One line about the last failure. */
const char *mirror_log_why(const struct mirror_log *log);

#endif
