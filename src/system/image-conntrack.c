// The image's conntrack(8): its -S, and its -L in the extended format, as src/kernel/tools.ts runs them. Both print what
// conntrack(8) prints. They take CAP_NET_ADMIN.

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static _Noreturn void fail(void) {
  perror("conntrack");
  _exit(1);
}

// Netlink: include/uapi/linux/netlink.h and netfilter/nfnetlink_conntrack.h.

struct message {
  uint32_t length;
  uint16_t type, flags;
  uint32_t sequence, port;
  uint8_t family, version;
  uint16_t resource; // big-endian
};

struct attribute {
  uint16_t length, type;
};

enum { LIST = 1 << 8 | 1, COUNTERS = 1 << 8 | 4, ERROR = 2, DONE = 3, MOST_ATTRIBUTES = 32 };

#define ALIGNED(length) (((length) + 3u) & ~3u)

// By type; each is a pointer to its header, or NULL.
typedef const struct attribute *attributes[MOST_ATTRIBUTES];

static void sort_attributes(attributes sorted, const char *at, size_t left) {
  memset(sorted, 0, sizeof(attributes));
  while (left >= sizeof(struct attribute)) {
    const struct attribute *attribute = (const void *)at;
    unsigned type = attribute->type & 0x3fff;
    if (attribute->length < sizeof *attribute || attribute->length > left) return;
    if (type < MOST_ATTRIBUTES) sorted[type] = attribute;
    size_t step = ALIGNED(attribute->length);
    if (step > left) return;
    at += step;
    left -= step;
  }
}

static void sort_nested(attributes sorted, const struct attribute *nest) {
  size_t length = nest == NULL ? 0 : nest->length - sizeof *nest;
  sort_attributes(sorted, (const char *)(nest + 1), length);
}

// Big-endian, of any size up to 8 bytes; 0 if it is missing.
static uint64_t number(const struct attribute *attribute) {
  uint64_t value = 0;
  size_t length = attribute == NULL ? 0 : attribute->length - sizeof *attribute;
  const uint8_t *bytes = (const uint8_t *)(attribute + 1);
  for (size_t i = 0; i < length; i++) value = value << 8 | bytes[i];
  return value;
}

static void print_cpu(const struct message *message, attributes sorted) {
  static const char *const names[] = {
    NULL,     "searched",      "found", "new",        "invalid", "ignore",         "delete",        "delete_list",
    "insert", "insert_failed", "drop",  "early_drop", "error",   "search_restart", "clash_resolve", "chaintoolong",
  };
  printf("cpu=%u", ntohs(message->resource));
  for (unsigned type = 1; type < sizeof names / sizeof *names; type++)
    if (sorted[type] != NULL) printf(" %s=%u", names[type], (unsigned)number(sorted[type]));
  putchar('\n');
}

static void print_address(const char *name, const struct attribute *v4, const struct attribute *v6) {
  char text[INET6_ADDRSTRLEN] = "";
  if (v4 != NULL || v6 != NULL) inet_ntop(v4 ? AF_INET : AF_INET6, (v4 ? v4 : v6) + 1, text, sizeof text);
  printf("%s=%s ", name, text);
}

static void print_tuple(const struct attribute *tuple, const char *zone, const struct attribute *counters) {
  attributes parts, address, protocol, counted;
  sort_nested(parts, tuple);
  sort_nested(address, parts[1]);
  sort_nested(protocol, parts[2]);
  sort_nested(counted, counters);
  print_address("src", address[1], address[3]);
  print_address("dst", address[2], address[4]);
  const char *ports = number(protocol[1]) == 47 ? "srckey=0x%x dstkey=0x%x " : "sport=%u dport=%u ";
  if (protocol[2] != NULL) printf(ports, (unsigned)number(protocol[2]), (unsigned)number(protocol[3]));
  int icmp = protocol[5] != NULL ? 4 : protocol[8] != NULL ? 7 : 0;
  if (icmp != 0)
    printf("type=%u code=%u id=%u ", (unsigned)number(protocol[icmp + 1]), (unsigned)number(protocol[icmp + 2]),
           (unsigned)number(protocol[icmp]));
  if (parts[3] != NULL) printf("%s=%u ", zone, (unsigned)number(parts[3]));
  if (counters != NULL)
    printf("packets=%llu bytes=%llu ", (unsigned long long)number(counted[1]), (unsigned long long)number(counted[2]));
}

static const char *state_name(const struct attribute *information) {
  static const char *const names[4][10] = {
    [1] = {"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",
           "SYN_SENT2"},
    [2] = {"NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT"},
    [3] = {"NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD",
           "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT", "HEARTBEAT_ACKED"},
  };
  attributes protocols, one;
  sort_nested(protocols, information);
  for (int kind = 1; kind <= 3; kind++) {
    sort_nested(one, protocols[kind]);
    uint64_t state = number(one[1]);
    if (one[1] != NULL && state < 10 && names[kind][state] != NULL) return names[kind][state];
  }
  return NULL;
}

static const char *protocol_name(unsigned protocol) {
  switch (protocol) {
    case 1: return "icmp";
    case 6: return "tcp";
    case 17: return "udp";
    case 33: return "dccp";
    case 47: return "gre";
    case 58: return "icmpv6";
    case 132: return "sctp";
    case 136: return "udplite";
    default: return "unknown";
  }
}

static void print_entry(const struct message *message, attributes sorted) {
  enum { SEEN_REPLY = 1 << 1, ASSURED = 1 << 2, OFFLOAD = 1 << 14, HW_OFFLOAD = 1 << 15 };
  attributes original, protocol;
  sort_nested(original, sorted[1]);
  sort_nested(protocol, original[2]);
  unsigned named = number(protocol[1]), status = number(sorted[3]);
  printf("%-8s %u %-8s %u ", message->family == AF_INET ? "ipv4" : "ipv6", message->family, protocol_name(named), named);
  if (sorted[7] != NULL) printf("%u ", (unsigned)number(sorted[7]));
  const char *state = state_name(sorted[4]);
  if (state != NULL) printf("%s ", state);
  print_tuple(sorted[1], "zone-orig", sorted[9]);
  if (!(status & SEEN_REPLY)) fputs("[UNREPLIED] ", stdout);
  print_tuple(sorted[2], "zone-reply", sorted[10]);
  if (status & HW_OFFLOAD) fputs("[HW_OFFLOAD] ", stdout);
  else if (status & OFFLOAD) fputs("[OFFLOAD] ", stdout);
  else if (status & ASSURED) fputs("[ASSURED] ", stdout);
  if (sorted[8] != NULL) printf("mark=%u ", (unsigned)number(sorted[8]));
  if (sorted[18] != NULL) printf("zone=%u ", (unsigned)number(sorted[18]));
  printf("use=%u\n", (unsigned)number(sorted[11]));
}

// Returns 0 at the end of the answer.
static int print_message(const struct message *message) {
  attributes sorted;
  if (message->type == DONE) return 0;
  if (message->type == ERROR) {
    errno = -*(const int32_t *)&message->family;
    if (errno == 0) return 0;
    fail();
  }
  sort_attributes(sorted, (const char *)(message + 1), message->length - sizeof *message);
  if ((message->type & 0xff) == 0) print_entry(message, sorted);
  else print_cpu(message, sorted);
  return 1;
}

static int ask(uint16_t type, uint8_t family) {
  enum { NETLINK_NETFILTER = 12, REQUEST = 1, DUMP = 0x300 };
  static char answer[1 << 16] __attribute__((aligned(8)));
  struct message request = {.length = sizeof request, .type = type, .flags = REQUEST | DUMP, .family = family};
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  if (fd < 0 || send(fd, &request, sizeof request, 0) < 0) fail();
  for (;;) {
    ssize_t left = recv(fd, answer, sizeof answer, 0);
    if (left <= 0) fail();
    for (char *at = answer; left >= 16;) {
      const struct message *message = (const void *)at;
      if (message->length < sizeof *message || message->length > (size_t)left) fail();
      if (!print_message(message)) return 0;
      at += ALIGNED(message->length);
      left -= ALIGNED(message->length);
    }
  }
}

// conntrack -S, or conntrack -L -o extended -f ipv4|ipv6
int conntrack(char **words) {
  if (words[0] == NULL) return 2;
  if (strcmp(words[0], "-S") == 0 && words[1] == NULL) return ask(COUNTERS, AF_UNSPEC);
  for (char **word = words; *word != NULL; word++) {
    if (strcmp(*word, "ipv4") == 0) return ask(LIST, AF_INET);
    if (strcmp(*word, "ipv6") == 0) return ask(LIST, AF_INET6);
  }
  return 2;
}
