/* tell.c: snprintf() for the one line that explains a decision. */
#include "coordinator/text/tell.h"

#include <stdarg.h>
#include <stdio.h>

size_t tell(char *text, size_t text_bytes, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int wanted = vsnprintf(text, text_bytes, format, values);
    va_end(values);
    size_t bytes = wanted < 0 ? 0 : (size_t)wanted;
    bytes = bytes < text_bytes ? bytes : text_bytes - 1;
    text[bytes] = '\0';
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)text[i] < 0x20)
            text[i] = ' ';
    }
    return bytes;
}
