/* report.h: a comparison, written out. One format a file: report_table.c, report_json.c, report_csv.c. */
#ifndef SHOAL_COMPARE_REPORT_H
#define SHOAL_COMPARE_REPORT_H

#include "coordinator/compare/comparison.h"
#include "coordinator/text/writer.h"

enum report_format { REPORT_TABLE, REPORT_JSON, REPORT_CSV, REPORT_FORMAT_COUNT };

/* Puts the whole report; what the writer answers stays in writer->status. */
struct report_ops {
    const char *name; /* as --format calls it */
    void (*put)(struct writer *writer, const struct comparison *comparison);
};

extern const struct report_ops report_table, report_json, report_csv;

/* By enum report_format. */
const struct report_ops *report_of(enum report_format format);

#endif
