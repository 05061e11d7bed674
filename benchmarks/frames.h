/* What a WebSocket brings (RFC 6455), as lines. */

#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* How far one connection is. */
struct frames {
    int matched; /* of the empty line behind the answer to the request: 4 when it is over */
    int header_length;
    unsigned char header[10];
    uint64_t left; /* of the payload */
};

/* Make the payload of each frame a line, in place; returns the new length. The byte before these may be written. */
size_t frames_to_lines(struct frames *frames, char *bytes, size_t length);

/* Make a frame of this line, without its end; returns its length. */
int line_to_frame(char *to, size_t size, const char *line);

#endif
