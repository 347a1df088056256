/* One client: reads requests, has them answered, writes. */
#ifndef ORIGIN_CONNECTION_H
#define ORIGIN_CONNECTION_H

#include <stdint.h>

#include "tests/origin/server.h"

/* Takes the accepted, non-blocking socket over; when there is no memory it is closed. */
void connection_open(struct server *server, int fd);

/* Each may close and free the connection. Never blocks. */
void connection_on_events(struct connection *connection, uint32_t events);
void connection_on_timer(struct timer *timer);
void connection_close_all(struct server *server);

#endif
