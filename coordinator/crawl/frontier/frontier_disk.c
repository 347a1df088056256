/* frontier_disk.c: where segments wait that memory has no room for. */
#include "coordinator/crawl/frontier/frontier_disk.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/crawl/frontier/frontier_file.h"

struct disk {
    struct frontier_file file;
    sqlite3 *db;
    sqlite3_stmt *begin, *put, *commit, *get, *drop;
    char directory[128]; /* for messages */
};

/* The journal is kept, in memory, because without one a full disk would spoil rows that were there before. Deleted rows are not
 * overwritten (Debian's SQLite does so otherwise): the file has no name. A row is a cell in a leaf and, where it is large, pages of its own. */
static const char SETUP[] = "PRAGMA page_size=4096; PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"
                            "PRAGMA locking_mode=EXCLUSIVE; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-256;"
                            "PRAGMA secure_delete=OFF; PRAGMA mmap_size=0;"
                            "CREATE TABLE waiting (key INTEGER PRIMARY KEY, packed BLOB NOT NULL)";

static enum status failed(const struct disk *disk, int code, char *why, size_t why_bytes)
{
    if ((code & 0xff) == SQLITE_NOMEM)
        return STATUS_OUT_OF_MEMORY;
    bool is_full = (code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_IOERR;
    snprintf(why, why_bytes,
             "the frontier's file in %s: %s; more memory (--frontier-memory) or another TMPDIR would help",
             disk->directory, is_full && disk->file.error ? strerror(disk->file.error) : sqlite3_errstr(code));
    return STATUS_SYSTEM;
}

static int open_database(struct disk *disk)
{
    int code = sqlite3_open_v2("frontier", &disk->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                               disk->file.vfs_name);
    if (code != SQLITE_OK)
        return code;
    sqlite3_db_config(disk->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0);
    code = sqlite3_exec(disk->db, SETUP, NULL, NULL, NULL);
    const struct {
        sqlite3_stmt **statement;
        const char *text;
    } statements[] = {{&disk->begin, "BEGIN IMMEDIATE"},
                      {&disk->put, "INSERT INTO waiting VALUES (?1, ?2)"},
                      {&disk->commit, "COMMIT"},
                      {&disk->get, "SELECT packed FROM waiting WHERE key = ?1"},
                      {&disk->drop, "DELETE FROM waiting WHERE key = ?1"}};
    for (size_t i = 0; i < sizeof statements / sizeof *statements && code == SQLITE_OK; i++)
        code = sqlite3_prepare_v3(disk->db, statements[i].text, -1, SQLITE_PREPARE_PERSISTENT, statements[i].statement,
                                  NULL);
    return code;
}

enum status disk_open(struct disk **out, const char *directory, char *why, size_t why_bytes)
{
    *out = NULL;
    struct disk *disk = calloc(1, sizeof *disk);
    if (!disk)
        return STATUS_OUT_OF_MEMORY;
    const char *temporary = getenv("TMPDIR");
    if (!directory)
        directory = temporary && *temporary ? temporary : "/var/tmp";
    snprintf(disk->directory, sizeof disk->directory, "%s", directory);
    enum status status = frontier_file_open(&disk->file, directory);
    if (status == STATUS_SYSTEM)
        snprintf(why, why_bytes, "cannot open a temporary file for the frontier in %s: %s", directory, strerror(errno));
    if (status == STATUS_OK) {
        int code = open_database(disk);
        if (code != SQLITE_OK)
            status = failed(disk, code, why, why_bytes);
    }
    if (status != STATUS_OK) {
        disk_close(disk);
        return status;
    }
    *out = disk;
    return STATUS_OK;
}

void disk_close(struct disk *disk)
{
    if (!disk)
        return;
    sqlite3_finalize(disk->begin);
    sqlite3_finalize(disk->put);
    sqlite3_finalize(disk->commit);
    sqlite3_finalize(disk->get);
    sqlite3_finalize(disk->drop);
    sqlite3_close(disk->db);
    frontier_file_close(&disk->file);
    free(disk);
}

static sqlite3_int64 key_of(uint32_t run, uint32_t number)
{
    return (sqlite3_int64)((uint64_t)run << 32 | number);
}

/* Runs a statement that answers no rows. */
static int run(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static void undo(struct disk *disk)
{
    if (!sqlite3_get_autocommit(disk->db))
        sqlite3_exec(disk->db, "ROLLBACK", NULL, NULL, NULL);
}

enum status disk_put(struct disk *disk, uint32_t run_number, uint32_t number, const void *bytes, size_t count,
                     char *why, size_t why_bytes)
{
    int code = sqlite3_get_autocommit(disk->db) ? run(disk->begin) : SQLITE_OK;
    if (code == SQLITE_OK) {
        sqlite3_bind_int64(disk->put, 1, key_of(run_number, number));
        code = sqlite3_bind_blob64(disk->put, 2, bytes, count, SQLITE_STATIC);
    }
    if (code == SQLITE_OK)
        code = run(disk->put);
    if (code == SQLITE_OK)
        return STATUS_OK;
    undo(disk);
    return failed(disk, code, why, why_bytes);
}

enum status disk_commit(struct disk *disk, char *why, size_t why_bytes)
{
    int code = sqlite3_get_autocommit(disk->db) ? SQLITE_OK : run(disk->commit);
    if (code == SQLITE_OK)
        return STATUS_OK;
    undo(disk);
    return failed(disk, code, why, why_bytes);
}

enum status disk_get(struct disk *disk, uint32_t run_number, uint32_t number, void *to, size_t room, size_t *count,
                     char *why, size_t why_bytes)
{
    sqlite3_bind_int64(disk->get, 1, key_of(run_number, number));
    int code = sqlite3_step(disk->get);
    enum status status = STATUS_OK;
    if (code == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(disk->get, 0);
        *count = (size_t)sqlite3_column_bytes(disk->get, 0);
        if (!bytes)
            status = STATUS_OUT_OF_MEMORY;
        else if (*count > room)
            status = failed(disk, SQLITE_CORRUPT, why, why_bytes);
        else
            memcpy(to, bytes, *count);
    } else {
        status = failed(disk, code == SQLITE_DONE ? SQLITE_CORRUPT : code, why, why_bytes);
    }
    sqlite3_reset(disk->get);
    return status;
}

void disk_drop(struct disk *disk, uint32_t run_number, uint32_t number)
{
    sqlite3_bind_int64(disk->drop, 1, key_of(run_number, number));
    if (run(disk->drop) != SQLITE_OK)
        undo(disk);
}

size_t disk_memory_bytes(const struct disk *disk)
{
    const int parts[] = {SQLITE_DBSTATUS_CACHE_USED, SQLITE_DBSTATUS_SCHEMA_USED, SQLITE_DBSTATUS_STMT_USED};
    size_t bytes = sizeof *disk;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        int now = 0;
        int peak = 0;
        if (sqlite3_db_status(disk->db, parts[i], &now, &peak, 0) == SQLITE_OK)
            bytes += (size_t)now;
    }
    return bytes;
}

uint64_t disk_file_bytes(const struct disk *disk)
{
    return disk->file.size;
}
