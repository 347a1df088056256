/* report.c: a comparison, written out. */
#include "coordinator/compare/report.h"

#include <assert.h>

static const struct report_ops *const FORMATS[] = {
    [REPORT_TABLE] = &report_table,
    [REPORT_JSON] = &report_json,
    [REPORT_CSV] = &report_csv,
};
static_assert(sizeof FORMATS / sizeof FORMATS[0] == REPORT_FORMAT_COUNT, "every format has its report");

const struct report_ops *report_of(enum report_format format)
{
    return FORMATS[format];
}
