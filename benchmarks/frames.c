#include "frames.h"

#include "basics.h"

#include <string.h>

enum { TEXT_FRAME = 0x81, MASKED = 0x80, LONGEST_SHORT = 125, TWO_BYTES = 126, EIGHT_BYTES = 127, MASK = 4 };

static int header_size(const unsigned char *header)
{
    return header[1] == TWO_BYTES ? 4 : header[1] == EIGHT_BYTES ? 10 : 2;
}

static uint64_t payload_length(const unsigned char *header)
{
    uint64_t length = 0;
    if (header[1] <= LONGEST_SHORT)
        return header[1];
    for (int i = 2; i < header_size(header); i++)
        length = length << 8 | header[i];
    return length;
}

size_t frames_to_lines(struct frames *frames, char *bytes, size_t length)
{
    /* One byte ahead, for the end of a line whose frame began before these bytes. */
    char *to = bytes - 1, *from = bytes, *end = bytes + length;
    while (frames->matched < 4 && from < end) {
        frames->matched = *from == "\r\n\r\n"[frames->matched] ? frames->matched + 1 : *from == '\r';
        from++;
    }
    while (from < end) {
        if (!frames->left) {
            frames->header[frames->header_length++] = *from++;
            if (frames->header_length >= 2 && frames->header_length == header_size(frames->header)) {
                if (frames->header[0] != TEXT_FRAME)
                    fail("the server sent a frame of another kind: %d", frames->header[0]);
                frames->left = payload_length(frames->header);
                frames->header_length = 0;
            }
            continue;
        }
        size_t piece = frames->left < (size_t)(end - from) ? frames->left : (size_t)(end - from);
        memmove(to, from, piece);
        to += piece;
        from += piece;
        frames->left -= piece;
        if (!frames->left)
            *to++ = '\n';
    }
    return to - (bytes - 1);
}

int line_to_frame(char *to, size_t size, const char *line)
{
    size_t length = strlen(line);
    if (length > LONGEST_SHORT || size < length + 2 + MASK)
        fail("too long for a short frame: %s", line);
    to[0] = (char)TEXT_FRAME;
    to[1] = (char)(MASKED | length);
    memset(to + 2, 0, MASK); /* a mask that changes nothing */
    memcpy(to + 2 + MASK, line, length);
    return (int)(2 + MASK + length);
}
