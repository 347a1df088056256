/* save_tree.h: the directory below which bodies are saved, and the files in it.
 *
 * DESIGN. The names come from save_name.h. Each component is opened below the one before with O_NOFOLLOW, so a symbolic link that
 * someone planted below the directory is never followed: it counts as a file that stands in the way, and a name with a hash is taken
 * instead. A file is written under a temporary name in the directory where it belongs, and then renamed over what was there: under its
 * final name it is whole, or not there. A failure removes the temporary file.
 *
 * Files of one directory often follow each other: it stays open until another is needed. */
#ifndef SHOAL_SAVE_TREE_H
#define SHOAL_SAVE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "coordinator/output/save_name.h"

/* Of a path below the directory: components with what may be put behind each, and the '/' between them. */
#define SAVE_PATH_BYTES_MAX 2560u

struct save_tree;

/* Makes the directory when it is missing, its parents too. why: on failure receives one line for the user. OK, SYSTEM or
 * OUT_OF_MEMORY; *tree is NULL then. Blocks on the disk, as all of this does. */
enum status save_tree_open(struct save_tree **tree, const char *directory, char *why, size_t why_bytes);
void save_tree_close(struct save_tree *tree); /* accepts NULL */

/* For save_name_make(). */
size_t save_tree_component_max(const struct save_tree *tree);

/* Saves a file of this name, or of another where something is in the way: save_tree_path() says which. OK or SYSTEM: save_tree_why(),
 * and errno. */
enum status save_tree_put(struct save_tree *tree, const struct save_name *name, const void *bytes, uint64_t count);

/* Of the file that was put last: its components with '/' between them. Valid until the next call of save_tree_put(). */
const char *save_tree_path(const struct save_tree *tree);

/* Whether a directory has just this name, or a file that was put or changed since the tree was opened, as far as the file system's
 * clock can tell: one that an earlier run left does not count. */
bool save_tree_is_taken(struct save_tree *tree, const struct save_name *name);

/* Opens the regular file at a path that save_tree_path() gave, for reading; -1: errno. Nothing on the way is followed or waited for. */
int save_tree_read(struct save_tree *tree, const char *path);

/* Replaces the file at such a path. OK or SYSTEM: save_tree_why(). */
enum status save_tree_replace(struct save_tree *tree, const char *path, const void *bytes, uint64_t count);

/* One line about the last failure. */
const char *save_tree_why(const struct save_tree *tree);

#endif
