// libzmq itself, in C, as one end of a benchmark: `peer pull|push|rep|req`. Told what to do by lines on its standard input, it answers
// by lines on its standard output; bench/support/libzmq.ts starts it and speaks to it. Sockets and marks are libzmq's defaults, as in the
// other contenders. Large bodies are sent by reference, which is the best that libzmq can do with them.
//   listen               -> PORT          pull, rep
//   connect PORT         -> ok            push, req
//   send COUNT SIZE N    -> ok            push; N numbers the bodies, as a check wants it
//   expect COUNT SIZE N  -> MS HASH       pull: from the first message to the last; HASH is of all bodies when N
//   trips COUNT SIZE N   -> US HASH       req: the median round trip; HASH is of all echoes when N
#include <pthread.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#define BY_REFERENCE 8192

static double nowMs(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void must(int good, const char *what) {
  if (good) return;
  fprintf(stderr, "libzmq peer: %s: %s\n", what, zmq_strerror(zmq_errno()));
  exit(1);
}

static void fill(char *body, int size, int index) { // bodyOf() of support/flow.ts
  char text[32];
  int length = snprintf(text, sizeof text, "p message %d ", index);
  for (int i = 0; i < size; i++) body[i] = text[i % length];
}

static uint32_t hashed(uint32_t hash, const unsigned char *bytes, size_t length) { // FNV-1a, as support/flow.ts has it
  for (size_t i = 0; i < length; i++) hash = (hash ^ bytes[i]) * 16777619u;
  return hash;
}

static void keep(void *data, void *hint) { (void)data, (void)hint; }

static void sendAll(void *socket, char *body, int count, int size, int numbered) {
  for (int i = 0; i < count; i++) {
    if (numbered) fill(body, size, i);
    if (numbered || size < BY_REFERENCE) {
      must(zmq_send(socket, body, size, 0) == size, "send");
    } else {
      zmq_msg_t message;
      zmq_msg_init_data(&message, body, size, keep, NULL);
      must(zmq_msg_send(&message, socket, 0) == size, "send");
    }
  }
}

static void receiveAll(void *socket, int count, int size, int numbered) {
  uint32_t hash = 2166136261u;
  double started = 0;
  zmq_msg_t message;
  zmq_msg_init(&message);
  for (int i = 0; i < count; i++) {
    must(zmq_msg_recv(&message, socket, 0) == size, "receive");
    if (i == 0) started = nowMs();
    if (numbered) hash = hashed(hash, zmq_msg_data(&message), size);
  }
  printf("%f %08x\n", nowMs() - started, hash);
}

static int ascending(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static void trips(void *socket, char *body, int count, int size, int numbered) {
  uint32_t hash = 2166136261u;
  double *times = malloc(count * sizeof *times);
  for (int i = 0; i < count; i++) {
    if (numbered) fill(body, size, i);
    double started = nowMs();
    must(zmq_send(socket, body, size, 0) == size, "send");
    must(zmq_recv(socket, body, size, 0) == size, "receive");
    times[i] = nowMs() - started;
    if (numbered) hash = hashed(hash, (unsigned char *)body, size);
  }
  qsort(times, count, sizeof *times, ascending);
  printf("%f %08x\n", times[count / 2] * 1e3, hash);
  free(times);
}

// An echoing peer reads no more orders, but must not outlive who started it.
static void *endWithInput(void *unused) {
  while (getchar() != EOF);
  exit(unused != NULL);
}

int main(int argc, char **argv) {
  const char *kinds[] = {"pull", "push", "rep", "req"};
  const int types[] = {ZMQ_PULL, ZMQ_PUSH, ZMQ_REP, ZMQ_REQ};
  int kind = 0, major, minor, patch, linger = 0;
  while (kind < 4 && (argc < 2 || strcmp(argv[1], kinds[kind]) != 0)) kind++;
  if (kind == 4) return 2;
  void *socket = zmq_socket(zmq_ctx_new(), types[kind]);
  zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
  zmq_version(&major, &minor, &patch);
  printf("%d.%d.%d\n", major, minor, patch);
  fflush(stdout);
  char word[16], endpoint[64], *body = NULL;
  for (char line[128]; fgets(line, sizeof line, stdin) != NULL; fflush(stdout)) {
    int first = 0, size = 0, numbered = 0;
    sscanf(line, "%15s %d %d %d", word, &first, &size, &numbered);
    // A body of its own for each order: what goes by reference may still be on its way when the next one comes.
    if (strcmp(word, "send") == 0 || strcmp(word, "trips") == 0) body = realloc(NULL, size), memset(body, 'p', size);
    if (strcmp(word, "listen") == 0) {
      size_t length = sizeof endpoint;
      must(zmq_bind(socket, "tcp://127.0.0.1:*") == 0, "bind");
      zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &length);
      printf("%s\n", strrchr(endpoint, ':') + 1);
      fflush(stdout);
      pthread_t thread;
      if (kind == 2) pthread_create(&thread, NULL, endWithInput, NULL);
      for (zmq_msg_t message; kind == 2;) {
        zmq_msg_init(&message);
        must(zmq_msg_recv(&message, socket, 0) >= 0 && zmq_msg_send(&message, socket, 0) >= 0, "echo");
      }
    } else if (strcmp(word, "connect") == 0) {
      snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", first);
      must(zmq_connect(socket, endpoint) == 0, "connect");
      puts("ok");
    } else if (strcmp(word, "send") == 0) {
      sendAll(socket, body, first, size, numbered);
      puts("ok");
    } else if (strcmp(word, "expect") == 0) {
      receiveAll(socket, first, size, numbered);
    } else {
      trips(socket, body, first, size, numbered);
    }
  }
  return 0;
}
