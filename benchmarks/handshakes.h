/* Connections that shake hands, say nothing, and end. */

#ifndef HANDSHAKES_H
#define HANDSHAKES_H

/* Make ``count`` of them, ``at_once`` at a time. Each is over when the server has closed it too, so that all that
   it costs the server is in the time that this takes. */
void handshakes(int port, int count, int at_once);

#endif
