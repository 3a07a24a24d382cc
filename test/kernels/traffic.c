// Sends datagrams to loopback ports. If the kernel drops one, sending fails with EPERM, which is ignored.
//   traffic COUNT PORT [TIMES]   from one socket to COUNT ports, from PORT on: COUNT entries; repeated TIMES times, with
//                                pauses, so that other processes get the only processor too
//   traffic COUNT PORT same      from COUNT sockets to one port
//   traffic COUNT PORT ADDRESS   from that address

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void send_to(int fd, int host, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + host);
  sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
}

int main(int argc, char **argv) {
  int count = atoi(argv[1]), first = atoi(argv[2]), ports = 65535 - first;
  if (argc > 3 && strcmp(argv[3], "same") == 0) {
    for (int at = 0; at < count; at++) {
      int fd = socket(AF_INET, SOCK_DGRAM, 0);
      send_to(fd, 0, first);
      close(fd);
    }
    return 0;
  }
  int fd = socket(AF_INET, SOCK_DGRAM, 0), times = argc > 3 ? atoi(argv[3]) : 1;
  struct sockaddr_in from = {.sin_family = AF_INET};
  if (argc > 3 && strchr(argv[3], '.') != NULL) {
    times = 1;
    from.sin_addr.s_addr = inet_addr(argv[3]);
    bind(fd, (struct sockaddr *)&from, sizeof from);
  }
  for (int time = 0; time < times; time++) {
    for (int at = 0; at < count; at++) send_to(fd, at / ports, first + at % ports);
    if (times > 1) usleep(50000);
  }
}
