/* The upstream for bodies, one thread per connection: sink PORT BYTES_PER_SECOND
 *   - a request body is read to its end and thrown away before {"bytes":N} is answered;
 *   - GET .../big-N is answered with N bytes from memory;
 *   - a body sent to a path with "/slow-" in it is read at BYTES_PER_SECOND. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 32768, PIECE = 1 << 18, SLOW_PIECE = 1 << 16, ZEROS = 1 << 20 };

static double bytes_per_second;
static char *zeros;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static int send_all(int socket, const char *data, size_t length) {
  while (length > 0) {
    ssize_t sent = send(socket, data, length, MSG_NOSIGNAL);
    if (sent <= 0) return -1;
    data += sent;
    length -= sent;
  }
  return 0;
}

/* Reads until a whole head stands in the buffer; returns its length, 0 at the end of the connection. */
static size_t read_head(int socket, char *buffer, size_t *have) {
  for (;;) {
    buffer[*have] = 0;
    char *end = strstr(buffer, "\r\n\r\n");
    if (end) return end + 4 - buffer;
    ssize_t got = recv(socket, buffer + *have, HEAD - 1 - *have, 0);
    if (got <= 0) return 0;
    *have += got;
  }
}

static int discard(int socket, long long length, int slow) {
  double started = now();
  char *piece = malloc(PIECE);
  long long got = 0;
  while (got < length) {
    size_t limit = slow ? SLOW_PIECE : PIECE;
    size_t wanted = length - got < (long long)limit ? (size_t)(length - got) : limit;
    ssize_t read = recv(socket, piece, wanted, MSG_TRUNC);
    if (read <= 0) break;
    got += read;
    double early = started + got / bytes_per_second - now();
    if (slow && early > 0) usleep(early * 1e6);
  }
  free(piece);
  return got == length ? 0 : -1;
}

static int answer(int socket, const char *type, long long length) {
  char head[256];
  int size = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %lld\r\n\r\n",
                      type, length);
  return send_all(socket, head, size);
}

static int answer_big(int socket, long long length) {
  if (answer(socket, "application/octet-stream", length)) return -1;
  while (length > 0) {
    size_t piece = length < ZEROS ? (size_t)length : ZEROS;
    if (send_all(socket, zeros, piece)) return -1;
    length -= piece;
  }
  return 0;
}

static int answer_count(int socket, long long count) {
  char body[64];
  int size = snprintf(body, sizeof body, "{\"bytes\":%lld}", count);
  return answer(socket, "application/json", size) || send_all(socket, body, size) ? -1 : 0;
}

/* Serves one request whose head is at the start of the buffer; returns -1 when the connection is of no more use. */
static int serve(int socket, char *buffer, size_t head, size_t *have) {
  char after = buffer[head];
  buffer[head] = 0;
  char *field = strcasestr(buffer, "\r\nContent-Length:");
  long long length = field ? atoll(field + 17) : 0;
  char *line_end = strstr(buffer, "\r\n");
  *line_end = 0;
  int slow = strstr(buffer, "/slow-") != NULL;
  char *big = strncmp(buffer, "GET ", 4) == 0 ? strstr(buffer, "/big-") : NULL;
  long long size = big ? atoll(big + 5) : 0;
  buffer[head] = after;
  size_t rest = *have - head;
  size_t mine = (long long)rest < length ? rest : (size_t)length;
  if (discard(socket, length - mine, slow)) return -1;
  *have = rest - mine;
  memmove(buffer, buffer + head + mine, *have);
  return big ? answer_big(socket, size) : answer_count(socket, length);
}

static void *connection(void *argument) {
  int socket = (int)(long)argument, one = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  char *buffer = malloc(HEAD);
  size_t have = 0, head;
  while ((head = read_head(socket, buffer, &have)) && serve(socket, buffer, head, &have) == 0) {
  }
  free(buffer);
  close(socket);
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 3) return 64;
  bytes_per_second = atof(arguments[2]);
  zeros = calloc(1, ZEROS);
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) {
    perror("sink");
    return 1;
  }
  for (;;) {
    int socket = accept(listener, NULL, NULL);
    pthread_t thread;
    if (socket < 0) continue;
    if (pthread_create(&thread, NULL, connection, (void *)(long)socket)) close(socket);
    else pthread_detach(thread);
  }
}
