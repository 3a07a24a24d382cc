// The program around QuickJS: starts the engine, loads the modules of the bundle, runs its event loop. JavaScript
// prints the line and exits through std.exit(). If it does not get that far, for any reason, this file prints one
// UNKNOWN line, as a monitoring system expects, and exits with 3. Nothing is written to stderr.

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "quickjs.h"

// ---- Exit without JavaScript ----

#define UNKNOWN "CONNTRACK UNKNOWN - internal error: "
enum { EXIT_UNKNOWN = 3, LONGEST_REASON = 64 };

// Set once stdout has had output: a second line would be read as long output, not as the plugin's answer.
static volatile sig_atomic_t has_written;

// The linker (--wrap=write) redirects every write(2) of the program to this function.
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size) {
  ssize_t written = __real_write(fd, bytes, size);
  if (fd == STDOUT_FILENO && written > 0) has_written = 1;
  return written;
}

static void write_all(const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t written = __real_write(STDOUT_FILENO, bytes, size);
    if (written > 0) {
      bytes += written;
      size -= written;
    } else if (written < 0 && errno == EAGAIN) {
      poll(&(struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT}, 1, -1);
    } else if (written == 0 || errno != EINTR) {
      return;
    }
  }
}

// Safe in a signal handler: allocates nothing, takes no lock. A reason may quote arbitrary text, so only characters
// that neither a shell nor a monitoring system interprets are printed.
static _Noreturn void end_unknown(const char *reason) {
  static char line[sizeof UNKNOWN + LONGEST_REASON + 1] = UNKNOWN;
  size_t length = sizeof UNKNOWN - 1;
  for (; *reason != '\0' && length < sizeof UNKNOWN - 1 + LONGEST_REASON; reason++) {
    int is_alphanumeric = ((*reason | 32) >= 'a' && (*reason | 32) <= 'z') || (*reason >= '0' && *reason <= '9');
    if (is_alphanumeric || strchr(" _.:/@+,()=%~-", *reason) != NULL) line[length++] = *reason;
  }
  line[length++] = '\n';
  if (!has_written) write_all(line, length);
  _exit(EXIT_UNKNOWN);
}

_Noreturn void out_of_memory(void) { end_unknown("out of memory"); }

// Replaces musl's, which writes to stderr.
_Noreturn void __assert_fail(const char *condition, const char *file, int line, const char *function) {
  end_unknown(condition);
}

static _Noreturn void end_with(JSContext *ctx, JSValue thrown) {
  if (!JS_IsError(ctx, thrown)) end_unknown("exception");
  const char *name = JS_ToCString(ctx, JS_GetPropertyStr(ctx, thrown, "name"));
  const char *message = JS_ToCString(ctx, JS_GetPropertyStr(ctx, thrown, "message"));
  char reason[256];
  snprintf(reason, sizeof reason, "%s: %s", name ? name : "exception", message ? message : "");
  end_unknown(reason);
}

static _Noreturn void end_with_exception(JSContext *ctx) { end_with(ctx, JS_GetException(ctx)); }

// ---- The engine's modules os and std ----

// Included, not linked, because its event loop is static. Its callers of JS_GetException print the exception to stderr
// and continue; with this macro they end the program instead.
#define JS_GetException(ctx) (end_with_exception(ctx), JS_UNDEFINED)
static pid_t own_pid;
// Runs in a child process before it becomes another program, because quickjs-libc.c calls closefrom() there. A child
// inherits only the first three descriptors. Its process group lets it be killed with the processes that it starts, and
// it ends with this program, however that ends. Without closefrom(), quickjs-libc.c asks sysconf() for the number of
// descriptors; musl implements that with a system call of Linux 2.6.36.
#define HAVE_CLOSEFROM
#define closefrom prepare_child
static void prepare_child(int fd) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != own_pid) _exit(127);
  for (; fd < 1024; fd++) close(fd);
}
// Written if a signal ends the program.
static char *volatile last_words;
static void end_by_signal(int number) {
  if (last_words != NULL) write_all(last_words, strlen(last_words));
  raise(number); // the default action, by SA_RESETHAND
}
// Also the second signal of a kind ends the program, even if the event loop never turns.
#define signal signal_once
static void signal_once(int number, void (*handler)(int)) {
  struct sigaction once = {.sa_handler = handler == SIG_DFL ? end_by_signal : handler, .sa_flags = SA_RESTART | SA_RESETHAND};
  sigaction(number, &once, NULL);
}
#include "quickjs-libc.c"
#undef signal
#undef JS_GetException

// ---- Functions missing from os ----

// Does not use /proc, which may be missing or belong to another PID namespace; /proc/self does not exist then.

static JSValue own_fstat(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int fd;
  struct stat status;
  if (JS_ToInt32(ctx, &fd, argv[0])) return JS_EXCEPTION;
  if (fstat(fd, &status) != 0) return JS_NewInt32(ctx, -errno);
  JSValue facts = JS_NewObject(ctx);
  JS_SetPropertyStr(ctx, facts, "mode", JS_NewUint32(ctx, status.st_mode));
  JS_SetPropertyStr(ctx, facts, "uid", JS_NewUint32(ctx, status.st_uid));
  JS_SetPropertyStr(ctx, facts, "size", JS_NewInt64(ctx, status.st_size));
  JS_SetPropertyStr(ctx, facts, "mtime", JS_NewInt64(ctx, (int64_t)status.st_mtime * 1000));
  return facts;
}

// os.stat() makes an object of 13 properties, and a sweep asks for one of them per process.
static JSValue own_inode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  struct stat status;
  const char *path = JS_ToCString(ctx, argv[0]);
  if (path == NULL) return JS_EXCEPTION;
  int64_t result = stat(path, &status) == 0 ? (int64_t)status.st_ino : -errno;
  JS_FreeCString(ctx, path);
  return JS_NewInt64(ctx, result);
}

static JSValue own_unblock(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int fd;
  if (JS_ToInt32(ctx, &fd, argv[0])) return JS_EXCEPTION;
  int flags = fcntl(fd, F_GETFL);
  int result = flags < 0 ? flags : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  return JS_NewInt32(ctx, result < 0 ? -errno : 0);
}

static JSValue own_geteuid(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  return JS_NewUint32(ctx, geteuid());
}

static JSValue own_getgroups(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  static gid_t groups[65536]; // NGROUPS_MAX
  int count = getgroups(countof(groups), groups);
  JSValue all = JS_NewArray(ctx);
  JS_SetPropertyUint32(ctx, all, 0, JS_NewUint32(ctx, getegid()));
  for (int i = 0; i < count; i++) JS_SetPropertyUint32(ctx, all, i + 1, JS_NewUint32(ctx, groups[i]));
  return all;
}

// Returns undefined if a byte is not ASCII. String.fromCharCode takes 100 instructions a byte.
static JSValue own_asciiText(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t size;
  uint64_t from, length;
  const uint8_t *bytes = JS_GetArrayBuffer(ctx, &size, argv[0]);
  if (bytes == NULL || JS_ToIndex(ctx, &from, argv[1]) || JS_ToIndex(ctx, &length, argv[2])) return JS_EXCEPTION;
  if (from > size || length > size - from) return JS_ThrowRangeError(ctx, "out of bounds");
  for (size_t at = 0; at < length; at++)
    if (bytes[from + at] > 0x7f) return JS_UNDEFINED;
  return JS_NewStringLen(ctx, (const char *)bytes + from, length);
}

static JSValue own_is_signalled(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  return JS_NewBool(ctx, os_pending_signals != 0);
}

static JSValue own_set_last_words(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  static const int ending[] = {SIGHUP, SIGINT, SIGTERM};
  const char *text = JS_ToCString(ctx, argv[0]);
  char *before = last_words;
  last_words = text == NULL ? NULL : strdup(text);
  free(before);
  JS_FreeCString(ctx, text);
  for (size_t i = 0; i < countof(ending); i++) signal_once(ending[i], SIG_DFL);
  return JS_UNDEFINED;
}

static const JSCFunctionListEntry own_functions[] = {
  JS_CFUNC_DEF("asciiText", 3, own_asciiText),
  JS_CFUNC_DEF("fstat", 1, own_fstat),
  JS_CFUNC_DEF("inode", 1, own_inode),
  JS_CFUNC_DEF("unblock", 1, own_unblock),
  JS_CFUNC_DEF("geteuid", 0, own_geteuid),
  JS_CFUNC_DEF("getgroups", 0, own_getgroups),
  JS_CFUNC_DEF("isSignalled", 0, own_is_signalled),
  JS_CFUNC_DEF("setLastWords", 1, own_set_last_words),
};

static int fill_own_module(JSContext *ctx, JSModuleDef *module) {
  return JS_SetModuleExportList(ctx, module, own_functions, countof(own_functions));
}

static JSModuleDef *init_own_module(JSContext *ctx, const char *name) {
  JSModuleDef *module = JS_NewCModule(ctx, name, fill_own_module);
  if (module != NULL) JS_AddModuleExportList(ctx, module, own_functions, countof(own_functions));
  return module;
}

// ---- The process ----

// Keeps a file that is opened later from becoming stdout because stdout was closed.
static void open_standard_descriptors(void) {
  struct pollfd fds[3] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
  if (poll(fds, 3, 0) < 0) end_unknown("poll");
  for (int fd = 0; fd < 3; fd++) {
    if (!(fds[fd].revents & POLLNVAL)) continue;
    // If there is no /dev, opens a directory instead: it can be neither read nor written.
    if (open("/dev/null", O_RDWR) != fd && open("/", O_RDONLY) != fd) end_unknown("no standard descriptor");
  }
}

static void on_crash(int number) {
  char reason[] = "signal 00";
  reason[7] += number / 10;
  reason[8] += number % 10;
  end_unknown(reason);
}

static void do_nothing(int number) {}

static void catch_signals(void) {
  static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
  // A stack that has overflowed has no space for the handler's frame. The size allows for the state that AVX-512 and
  // AMX save.
  static char stack[32 * 1024];
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  struct sigaction crash = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};
  for (size_t i = 0; i < countof(crashes); i++) sigaction(crashes[i], &crash, NULL);
  // Not SIG_IGN, which a child process would inherit.
  struct sigaction nothing = {.sa_handler = do_nothing, .sa_flags = SA_RESTART};
  sigaction(SIGPIPE, &nothing, NULL);
  sigaction(SIGXFSZ, &nothing, NULL);
}

// The engine throws when JavaScript has used the share of the stack returned here. The rest is for the C functions that
// it calls; the arguments and the environment are above main().
static size_t stack_for_javascript(char **argv) {
  enum { FOR_C = 64 * 1024, ENOUGH = 4 * 1024 * 1024 };
  struct rlimit limit;
  // Not getrlimit(): musl uses a system call of Linux 2.6.36 for it.
  if (syscall(SYS_getrlimit, RLIMIT_STACK, &limit) != 0) return FOR_C;
  char **last = environ[0] != NULL ? environ : argv;
  while (last[0] != NULL && last[1] != NULL) last++;
  size_t above = last[0] != NULL ? last[0] + strlen(last[0]) - (char *)__builtin_frame_address(0) : 0;
  if (limit.rlim_cur > ENOUGH + above + FOR_C) return ENOUGH;
  if (limit.rlim_cur > 2 * FOR_C + above) return limit.rlim_cur - above - FOR_C;
  return limit.rlim_cur > above ? (limit.rlim_cur - above) / 2 : FOR_C / 2;
}

// ---- The modules ----

// The compiled bundle, written by .dev/standalone.mjs, with the main module first.
extern const struct module {
  const char *name;
  const uint8_t *code;
  uint32_t size;
} modules[];

static JSValue read_module(JSContext *ctx, const struct module *module) {
  return JS_ReadObject(ctx, module->code, module->size, JS_READ_OBJ_BYTECODE);
}

// Called when a module is first imported, so that a check does not load modules that only `report` uses.
static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque) {
  if (strcmp(name, "qjs:os") == 0) return js_init_module_os(ctx, name);
  if (strcmp(name, "qjs:std") == 0) return js_init_module_std(ctx, name);
  if (strcmp(name, "qjs:own") == 0) return init_own_module(ctx, name);
  const struct module *module = modules;
  while (module->name != NULL && strcmp(module->name, name) != 0) module++;
  if (module->name == NULL) {
    JS_ThrowReferenceError(ctx, "no module %s", name);
    return NULL;
  }
  JSValue value = read_module(ctx, module);
  if (JS_IsException(value)) return NULL;
  JSModuleDef *definition = JS_VALUE_GET_PTR(value);
  JS_FreeValue(ctx, value); // the context holds it too
  return definition;
}

// ---- The run ----

// Rejected promises without a handler. A promise may get one while jobs are pending.
static int unhandled;
static JSValue last_rejection;

static void count_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, int is_handled, void *opaque) {
  unhandled += is_handled ? -1 : 1;
  if (is_handled) return;
  JS_FreeValue(ctx, last_rejection);
  last_rejection = JS_DupValue(ctx, reason);
}

static JSContext *start_engine(char **argv) {
  JSRuntime *runtime = JS_NewRuntime();
  if (runtime == NULL) out_of_memory();
  JS_SetMaxStackSize(runtime, stack_for_javascript(argv));
  JS_SetGCThreshold(runtime, 1024 * 1024); // a check allocates less, and would collect nothing
  JS_SetModuleLoaderFunc(runtime, NULL, load_module, NULL);
  JS_SetHostPromiseRejectionTracker(runtime, count_rejection, NULL);
  js_std_init_handlers(runtime);
  JSContext *ctx = JS_NewContextRaw(runtime);
  if (ctx == NULL) out_of_memory();
  // Without Eval, and therefore without the parser: all code is bytecode.
  JS_AddIntrinsicBaseObjects(ctx);
  JS_AddIntrinsicDate(ctx);
  JS_AddIntrinsicRegExp(ctx);
  JS_AddIntrinsicJSON(ctx);
  JS_AddIntrinsicMapSet(ctx);
  JS_AddIntrinsicTypedArrays(ctx);
  JS_AddIntrinsicPromise(ctx);
  return ctx;
}

static void set_arguments(JSContext *ctx, int argc, char **argv) {
  JSValue global = JS_GetGlobalObject(ctx), arguments = JS_NewArray(ctx);
  for (int i = 0; i < argc; i++) JS_SetPropertyUint32(ctx, arguments, i, JS_NewString(ctx, argv[i]));
  JS_SetPropertyStr(ctx, global, "scriptArgs", arguments);
  JS_FreeValue(ctx, global);
}

static void run_main_module(JSContext *ctx) {
  JSValue module = read_module(ctx, &modules[0]);
  if (JS_IsException(module) || JS_ResolveModule(ctx, module) < 0) end_with_exception(ctx);
  JSValue promise = JS_EvalFunction(ctx, module);
  if (JS_IsException(promise)) end_with_exception(ctx);
  JS_FreeValue(ctx, promise); // count_rejection() is called if it rejects
}

static void run_jobs(JSContext *ctx) {
  JSContext *job_context;
  int result;
  while ((result = JS_ExecutePendingJob(JS_GetRuntime(ctx), &job_context)) > 0) continue;
  if (result < 0) end_with_exception(job_context);
  if (unhandled > 0) end_with(ctx, last_rejection);
}

int main(int argc, char **argv) {
  own_pid = getpid();
  open_standard_descriptors();
  catch_signals();
  JSContext *ctx = start_engine(argv);
  set_arguments(ctx, argc, argv);
  run_main_module(ctx);
  do {
    run_jobs(ctx);
  } while (os_poll_func != NULL && os_poll_func(ctx) == 0);
  end_unknown("ended without a result");
}
