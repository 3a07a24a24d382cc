// every SECONDS FILE PROGRAM [ARGUMENT...]: runs a program at that interval and replaces the file with its output, in one
// step. For an image without cron and shell. SIGTERM ends it. If the program cannot be started, or is killed, the file
// stays as it was.

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_STARTED = 127 };

static void end(int signal) {
  (void)signal;
  _exit(0);
}

static _Noreturn void fail(const char *what) {
  perror(what);
  exit(1);
}

static _Noreturn void start(const char *file, char **line) {
  int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0) fail(file);
  execv(line[0], line);
  perror(line[0]);
  _exit(NOT_STARTED);
}

// Exit codes are states of the check. Only a failed start or a signal leaves the file alone.
static int run(const char *file, char **line) {
  pid_t child = fork();
  if (child == 0) start(file, line);
  int status;
  if (child < 0 || waitpid(child, &status, 0) < 0) return 0;
  return WIFEXITED(status) && WEXITSTATUS(status) != NOT_STARTED;
}

int main(int count, char **words) {
  int seconds = count < 4 ? 0 : atoi(words[1]);
  char part[PATH_MAX];
  if (seconds < 1 || snprintf(part, sizeof part, "%s.tmp", words[2]) >= (int)sizeof part) {
    fputs("usage: every SECONDS FILE PROGRAM [ARGUMENT...]\n", stderr);
    return 2;
  }
  umask(022);
  // Process 1 of a container ignores signals without a handler.
  signal(SIGTERM, end);
  signal(SIGINT, end);
  for (;;) {
    if (run(part, words + 3) && rename(part, words[2]) < 0) fail(words[2]);
    sleep(seconds);
  }
}
