// nsenter, cat, grep and conntrack for an image that has none of them: as much of each as src/kernel/tools.ts runs. The
// program's own name selects one. Entering a network namespace takes CAP_SYS_ADMIN, and CAP_SYS_PTRACE to open that of
// another process.

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int conntrack(char **words); // in image-conntrack.c

static _Noreturn void fail(const char *what) {
  perror(what);
  _exit(1);
}

// nsenter --net=FILE PROGRAM [ARGUMENT...]
static int nsenter(char **words) {
  enum { CLONE_NEWNET = 0x40000000 };
  static const char option[] = "--net=";
  if (words[0] == NULL || words[1] == NULL || strncmp(words[0], option, sizeof option - 1) != 0) return 2;
  const char *place = words[0] + sizeof option - 1;
  // O_NONBLOCK: a FIFO would wait for its other end.
  int fd = open(place, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  // Linux has setns since 3.0; before that it fails with ENOSYS.
  if (fd < 0 || syscall(SYS_setns, fd, CLONE_NEWNET) < 0) fail(place);
  execv(words[1], words + 1);
  fail(words[1]);
}

// cat FILE... and grep -sH '' FILE...: both continue after a file that cannot be read.
static int print(char **files, int is_named) {
  char line[1 << 16];
  int status = 0;
  for (; *files != NULL; files++) {
    FILE *file = fopen(*files, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
      if (printf("%s%s%s", is_named ? *files : "", is_named ? ":" : "", line) < 0) fail("stdout");
    if (file == NULL || ferror(file)) {
      if (!is_named) perror(*files);
      status = 1;
    }
    if (file != NULL) fclose(file);
  }
  return status;
}

int main(int count, char **words) {
  const char *slash = count > 0 ? strrchr(words[0], '/') : NULL;
  const char *name = slash != NULL ? slash + 1 : count > 0 ? words[0] : "";
  int status = 2;
  if (strcmp(name, "nsenter") == 0) status = nsenter(words + 1);
  else if (strcmp(name, "cat") == 0) status = print(words + 1, 0);
  else if (strcmp(name, "grep") == 0 && count > 3) status = print(words + 3, 1);
  else if (strcmp(name, "conntrack") == 0) status = conntrack(words + 1);
  if (fflush(stdout) != 0) fail("stdout");
  return status;
}
