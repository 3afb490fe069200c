/* The client for bodies: transfer put|get PORT PATH BYTES CONNECTIONS KEY
 * Sends or fetches BYTES over each of CONNECTIONS new connections at once; prints seconds and how many failed. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 65536, PIECE = 1 << 20, PATIENCE_SECONDS = 30 };

static int putting, port;
static const char *path, *key;
static long long bytes;
static char *zeros;
static atomic_int failures;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static int connect_to_port(void) {
  int s = socket(AF_INET, SOCK_STREAM, 0);
  struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(s, (struct sockaddr *)&address, sizeof address) == 0) return s;
  close(s);
  return -1;
}

static const char *send_request(int s) {
  char head[1024], length[128] = "";
  if (putting) {
    snprintf(length, sizeof length, "Content-Type: application/octet-stream\r\nContent-Length: %lld\r\n", bytes);
  }
  int size = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n%s\r\n",
                      putting ? "PUT" : "GET", path, port, key, length);
  if (send(s, head, size, MSG_NOSIGNAL) != size) return "the request's head could not be sent";
  for (long long left = putting ? bytes : 0; left > 0;) {
    ssize_t sent = send(s, zeros, left < PIECE ? left : PIECE, MSG_NOSIGNAL);
    if (sent <= 0) return "the body could not be sent";
    left -= sent;
  }
  return NULL;
}

static const char *read_answer(int s, char *head) {
  size_t have = 0;
  char *end = NULL;
  while (!end) {
    ssize_t got = have < HEAD - 1 ? recv(s, head + have, HEAD - 1 - have, 0) : 0;
    if (got <= 0) return "no answer";
    have += got;
    head[have] = 0;
    end = strstr(head, "\r\n\r\n");
  }
  if (strncmp(head, "HTTP/1.1 200", 12) != 0) return "the answer is not 200";
  char *field = strcasestr(head, "\r\nContent-Length:");
  if (!field || field > end) return "the answer has no length";
  long long length = atoll(field + 17);
  if (!putting && length != bytes) return "the answer has the wrong length";
  for (long long left = length - (head + have - (end + 4)); left > 0;) {
    ssize_t got = recv(s, NULL, left < PIECE ? left : PIECE, MSG_TRUNC);
    if (got <= 0) return "the answer broke off";
    left -= got;
  }
  return NULL;
}

static void *transfer(void *unused) {
  (void)unused;
  char *head = calloc(1, HEAD);
  int s = connect_to_port();
  const char *problem = s < 0 ? "no connection" : send_request(s);
  if (!problem) problem = read_answer(s, head);
  if (problem) {
    failures++;
    fprintf(stderr, "%s: %.60s\n", problem, head);
  }
  if (s >= 0) close(s);
  free(head);
  return NULL;
}

int main(int count, char **arguments) {
  if (count != 7) return 64;
  putting = strcmp(arguments[1], "put") == 0;
  port = atoi(arguments[2]);
  path = arguments[3];
  bytes = atoll(arguments[4]);
  int connections = atoi(arguments[5]);
  key = arguments[6];
  zeros = calloc(1, PIECE);
  pthread_t *threads = calloc(connections, sizeof *threads);
  double started = now();
  for (int i = 0; i < connections; i++) pthread_create(&threads[i], NULL, transfer, NULL);
  for (int i = 0; i < connections; i++) pthread_join(threads[i], NULL);
  printf("%.6f %d\n", now() - started, failures);
  return 0;
}
