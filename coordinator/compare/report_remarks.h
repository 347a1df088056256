/* report_remarks.h: the sentences below the table. */
#ifndef SHOAL_COMPARE_REPORT_REMARKS_H
#define SHOAL_COMPARE_REPORT_REMARKS_H

#include "coordinator/compare/comparison.h"
#include "coordinator/text/writer.h"

/* What was measured and what the columns mean; how the default stands; what failed, and why. */
void report_put_remarks(struct writer *writer, const struct comparison *comparison);

/* How far an interrupted comparison came; nothing for one that was not. */
void report_put_interrupted(struct writer *writer, const struct comparison *comparison);

#endif
