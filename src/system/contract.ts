// The operating system's interface: the one contract between the program and its engine. It is implemented twice, in
// src/system/node and src/system/quickjs; `#system/…` resolves to the one that is built (package.json). A failed system
// call is a value that carries the name of its errno. Nothing here throws because of the machine's state.

/** A failed system call: the name of its errno, such as `ENOENT`. */
export interface Failed {
  readonly errno: string;
}

/**
 * The purpose of opening a file. No purpose waits for the other end of a FIFO; links are followed except for `-no-link`
 * and new files.
 */
export type OpenFor = 'reading' | 'reading-no-link' | 'directory' | 'directory-no-link' | 'new-file';

export interface FileStatus {
  readonly kind: 'file' | 'directory' | 'fifo' | 'other';
  /** User id of the owner. */
  readonly owner: number;
  /** Permission bits, such as `0o644`. */
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
  /** Time of the last change, in milliseconds since 1970. */
  readonly modified: number;
}

export interface Files {
  /** Returns a descriptor. A new file has mode 0600 and must not exist yet. */
  open(path: string, purpose: OpenFor): number | Failed;
  /** Write errors may surface only on close. */
  close(descriptor: number): Failed | undefined;
  /**
   * Returns the number of bytes put into `into` after `from`, at most `length`; reads at `position` if it is given. 0
   * at the end.
   */
  read(descriptor: number, into: Uint8Array, from: number, length: number, position?: number): number | Failed;
  /** Returns the number of bytes written, out of those of `bytes` after `from`. */
  write(descriptor: number, bytes: Uint8Array, from: number): number | Failed;
  status(path: string): FileStatus | Failed;
  statusOfLink(path: string): FileStatus | Failed;
  statusOfOpen(descriptor: number): FileStatus | Failed;
  /** Returns the inode number of the path's target; faster than its status. */
  inode(path: string): number | Failed;
  readLink(path: string): string | Failed;
  /** Returns the absolute path with all links resolved. */
  realPath(path: string): string | Failed;
  /** Returns the names in the kernel's order, without `.` and `..`. */
  list(path: string): readonly string[] | Failed;
  /** Creates a directory with mode 0700. */
  makeDirectory(path: string): Failed | undefined;
  rename(from: string, to: string): Failed | undefined;
  remove(path: string): Failed | undefined;
}

export interface Bytes {
  /** One character per byte. */
  toLatin1(bytes: Uint8Array, from: number, end: number): string;
  fromLatin1(text: string): Uint8Array;
}

/** A child's output, one character per byte, and how it ended. */
export interface ChildAnswer {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined if a signal ended it. */
  readonly status: number | undefined;
  /** Why it did not run or was killed: `ENOENT`, `ETIMEDOUT`, `ENOBUFS` and others. */
  readonly errno: string | undefined;
}

/** Bytes that arrive over time. */
export interface Stream {
  /** Returns the next bytes; `undefined` at the end. */
  next(): Promise<Uint8Array | Failed | undefined>;
  close(): void;
}

export interface Child {
  readonly stdout: Stream;
  /** Waits for the end; returns the exit status, or undefined if a signal ended the child. */
  ended(): Promise<number | Failed | undefined>;
  /** Kills it at once, with the processes that it started. */
  kill(): void;
}

/** Limits of a child. */
export interface ChildLimits {
  readonly milliseconds: number;
  /** Applies to stdout and to stderr separately. */
  readonly bytes: number;
}

/**
 * Programs are given by their path; PATH is not searched. Children get LC_ALL=C as their environment, an empty stdin,
 * and no other descriptor of ours.
 */
export interface Children {
  /** True if children would survive a signal that ends this program. */
  readonly outliveUs: boolean;
  /** Waits for the end; kills a child that exceeds a limit, with the processes that it started. */
  run(program: string, args: readonly string[], limits: ChildLimits): ChildAnswer;
  /** Does not wait; stderr is discarded. */
  start(program: string, args: readonly string[]): Child;
}

export interface Streams {
  ofStdin(): Stream;
  /** A stream of a descriptor that is not a regular file; closing the stream closes the descriptor. */
  ofDescriptor(descriptor: number): Stream;
}

/** Facts about this process, as it was started. */
export interface Self {
  /** Arguments after the program's name. */
  readonly args: readonly string[];
  readonly environment: Readonly<Partial<Record<string, string>>>;
  readonly pid: number;
  /** True on x86-64, which has pages of 4096 bytes. */
  readonly isX64: boolean;
  effectiveUser(): number;
  /** The effective group and the supplementary groups. */
  groups(): readonly number[];
  /** Engine and architecture, and the commit if the build recorded it. */
  readonly build: string;
  exit(code: number): void;
}

export interface Clock {
  /** Milliseconds since the program started. */
  elapsed(): number;
  /** Blocks the whole process. */
  sleep(milliseconds: number): void;
  /** Calls `call` once, later; the returned function cancels it. */
  after(milliseconds: number, call: () => void): () => void;
}

/** Time for all children together, in milliseconds, after a signal that ends the program. */
export const CHILD_GRACE = 50;

export interface Signals {
  /**
   * Calls at the first SIGINT, SIGTERM or SIGHUP until the returned function is called. At other times, and if a second
   * one comes, the signal ends the program at once.
   */
  onEnd(call: () => void): () => void;
  /** Milliseconds that children may still run; unlimited before such a signal. */
  left(): number;
}

export interface Terminal {
  isTerminal(descriptor: number): boolean;
  /** Rows of the terminal on stdout; undefined if unknown. */
  rows(): number | undefined;
  /**
   * Sets the text that is written to stdout if a signal ends the program; empty for none. `tail` is the path of tail(1),
   * for an engine that cannot do it itself; such an engine does nothing without it.
   */
  setLastWords(text: string, tail: string | undefined): void;
}

/** A second thread that runs the same program; the task that it was started with tells it what to do. */
export interface Threads {
  /**
   * Starts a thread with `task`, which holds plain data and shared memory, and resolves to its answer. Rejects if the
   * thread cannot run.
   */
  start<Task, Result>(task: Task): Promise<Result>;
  /** Returns the task that this thread was started with; undefined in the first thread. */
  task<Task>(): Task | undefined;
  answer<Result>(result: Result): void;
}

/** The engine's means for counting long lists. */
export interface Counting {
  /** The number of lines that can be parsed one by one in reasonable time; longer lists are sampled at random. */
  readonly mostLines: number;
  /** Undefined if the engine has no threads. */
  readonly threads: Threads | undefined;
}
