/* An auth service that accepts every key, a while after it was asked: late PORT MICROSECONDS BODY
 * One thread and one queue: all answers are equally late, so they fall due in the order of the requests. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST = 16384, EVENTS = 256 };

struct connection {
  int socket, waiting, closed;
  long long due;
  size_t have;
  struct connection *next;
  char request[REQUEST];
};

static struct connection *first, *last;
static long long delay;
static char answer[2048];
static int answer_size, loop;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void enqueue(struct connection *c) {
  c->waiting = 1;
  c->due = now() + delay;
  c->next = NULL;
  if (first) last->next = c;
  else first = c;
  last = c;
}

static void forget(struct connection *c) {
  if (!c->closed) close(c->socket);
  c->closed = 1;
  if (!c->waiting) free(c);
}

/* Whether a whole request, body included, stands in the buffer. */
static int is_whole(struct connection *c) {
  c->request[c->have] = 0;
  char *end = strstr(c->request, "\r\n\r\n");
  if (!end) return 0;
  char *field = strcasestr(c->request, "\r\nContent-Length:");
  size_t body = field && field < end ? strtoul(field + 17, NULL, 10) : 0;
  return c->have >= end + 4 - c->request + body;
}

static void receive(struct connection *c) {
  ssize_t got = recv(c->socket, c->request + c->have, REQUEST - 1 - c->have, 0);
  if (got <= 0) {
    forget(c);
    return;
  }
  c->have += got;
  if (!c->waiting && is_whole(c)) {
    c->have = 0;
    enqueue(c);
  }
}

static void answer_due(void) {
  for (long long time = now(); first && first->due <= time;) {
    struct connection *c = first;
    first = c->next;
    c->waiting = 0;
    if (c->closed) free(c);
    else if (send(c->socket, answer, answer_size, MSG_NOSIGNAL) != answer_size) forget(c);
  }
}

static void welcome(int listener) {
  int one = 1, socket = accept(listener, NULL, NULL);
  if (socket < 0) return;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct connection *c = calloc(1, sizeof *c);
  c->socket = socket;
  struct epoll_event interest = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(loop, EPOLL_CTL_ADD, socket, &interest);
}

static int listen_on(int port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return -1;
  struct epoll_event interest = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(loop, EPOLL_CTL_ADD, listener, &interest);
  return listener;
}

int main(int count, char **arguments) {
  if (count != 4) return 64;
  delay = atoll(arguments[2]) * 1000;
  answer_size = snprintf(answer, sizeof answer,
                         "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                         strlen(arguments[3]), arguments[3]);
  loop = epoll_create1(0);
  int listener = listen_on(atoi(arguments[1]));
  if (listener < 0) {
    perror("late");
    return 1;
  }
  for (;;) {
    long long left = first ? first->due - now() : 0;
    if (left < 0) left = 0;
    struct timespec wait = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
    struct epoll_event events[EVENTS];
    int ready = epoll_pwait2(loop, events, EVENTS, first ? &wait : NULL, NULL);
    for (int i = 0; i < ready; i++) {
      if (events[i].data.ptr) receive(events[i].data.ptr);
      else welcome(listener);
    }
    answer_due();
  }
}
