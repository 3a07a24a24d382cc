// What the operating system gives: the one contract between the program and the engine that it runs on. It is kept
// twice, by src/system/node and by src/system/quickjs; `#system/…` is the one of them that is built (package.json).
// What a system call refuses is a value, named by its errno; nothing here throws for what a machine may hold.

/** A system call that failed: the name of its errno, as `ENOENT`. */
export interface Failed {
  readonly errno: string;
}

/** What a file is opened for. Nothing waits for the other end of a FIFO; a link is followed unless it says so. */
export type OpenFor = 'reading' | 'reading-no-link' | 'directory' | 'directory-no-link' | 'new-file';

export interface FileStatus {
  readonly kind: 'file' | 'directory' | 'fifo' | 'other';
  /** The number of its owner. */
  readonly owner: number;
  /** The permission bits, `0o644`. */
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
  /** When it was last changed, in milliseconds since 1970. */
  readonly modified: number;
}

export interface Files {
  /** A descriptor; a new file is the owner's alone (0600), and must not have been there. */
  open(path: string, purpose: OpenFor): number | Failed;
  /** What was written may be refused only now. */
  close(descriptor: number): Failed | undefined;
  /** Bytes put into `into` behind `from`, at most `length`; from `position` where one is given. 0 at the end. */
  read(descriptor: number, into: Uint8Array, from: number, length: number, position?: number): number | Failed;
  /** Bytes taken, of those of `bytes` behind `from`. */
  write(descriptor: number, bytes: Uint8Array, from: number): number | Failed;
  status(path: string): FileStatus | Failed;
  statusOfLink(path: string): FileStatus | Failed;
  statusOfOpen(descriptor: number): FileStatus | Failed;
  /** The inode number of what the path leads to; quicker than its status. */
  inode(path: string): number | Failed;
  readLink(path: string): string | Failed;
  /** The absolute path without links. */
  realPath(path: string): string | Failed;
  /** Names, in the kernel's order, without `.` and `..`. */
  list(path: string): readonly string[] | Failed;
  /** A directory of the owner's alone (0700). */
  makeDirectory(path: string): Failed | undefined;
  rename(from: string, to: string): Failed | undefined;
  remove(path: string): Failed | undefined;
}

export interface Bytes {
  /** One character for each byte. */
  toLatin1(bytes: Uint8Array, from: number, end: number): string;
  fromLatin1(text: string): Uint8Array;
}

/** What a child has said, each byte a character, and how it ended. */
export interface ChildAnswer {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined where a signal ended it. */
  readonly status: number | undefined;
  /** Why it did not run or was ended by us: `ENOENT`, `ETIMEDOUT`, `ENOBUFS` and others. */
  readonly errno: string | undefined;
}

/** Bytes that come when they come. */
export interface Stream {
  /** The next bytes; `undefined` at the end. */
  next(): Promise<Uint8Array | Failed | undefined>;
  close(): void;
}

export interface Child {
  readonly stdout: Stream;
  /** Waits for its end: the exit status, undefined where a signal ended it. */
  ended(): Promise<number | Failed | undefined>;
  /** Ends it, whatever it does. */
  kill(): void;
}

/** How much a child may take. */
export interface ChildLimits {
  readonly milliseconds: number;
  /** Of stdout, and of stderr. */
  readonly bytes: number;
}

/** Programs are named by their path; none is looked for. They see LC_ALL=C, no stdin, and nothing else of ours. */
export interface Children {
  /** Waits for its end; what lasts longer, or prints more, is killed. */
  run(program: string, args: readonly string[], limits: ChildLimits): ChildAnswer;
  /** Does not wait; its stderr goes nowhere. */
  start(program: string, args: readonly string[]): Child;
}

export interface Streams {
  ofStdin(): Stream;
  /** Of a descriptor that is no regular file; it is closed with the stream. */
  ofDescriptor(descriptor: number): Stream;
}

/** Facts of this process, as it was started. */
export interface Self {
  /** What stands behind the program's name. */
  readonly args: readonly string[];
  readonly environment: Readonly<Partial<Record<string, string>>>;
  readonly pid: number;
  /** Whether this is x86-64, whose pages are of 4096 bytes. */
  readonly isX64: boolean;
  effectiveUser(): number;
  /** The effective group and the supplementary ones. */
  groups(): readonly number[];
  /** Engine and architecture, and the commit where the file can know it. */
  readonly build: string;
  exit(code: number): void;
}

export interface Clock {
  /** Milliseconds since the program began. */
  elapsed(): number;
  /** Does nothing at all meanwhile. */
  sleep(milliseconds: number): void;
  /** Calls once, later; what is returned takes it back. */
  after(milliseconds: number, call: () => void): () => void;
}

export interface Signals {
  /** Calls at the first SIGINT, SIGTERM and SIGHUP; the second of a kind ends the program as usual. */
  onEnd(call: () => void): void;
}

export interface Terminal {
  isTerminal(descriptor: number): boolean;
  /** Of the terminal that stdout is; undefined where it does not tell. */
  rows(): number | undefined;
}

/** A second thread that runs this same program, told by what it was started with. */
export interface Threads {
  /** Starts one with `task`, which holds plain data and shared memory; gives what it answers. Rejects where it cannot. */
  start<Task, Result>(task: Task): Promise<Result>;
  /** What this thread was started with; undefined in the first. */
  task<Task>(): Task | undefined;
  answer<Result>(result: Result): void;
}

/** What long lists are counted with. */
export interface Counting {
  /** How many lines can be looked at one by one in good time; of more an even random sample has to do. */
  readonly mostLines: number;
  /** Undefined where the engine has no threads. */
  readonly threads: Threads | undefined;
}
