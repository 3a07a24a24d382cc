// QuickJS's modules, as main.c names them; only the functions that are used. See
// https://bellard.org/quickjs/quickjs.html. A system call returns a number, or a pair of its value and the errno. A
// number below zero is a negated errno.

type Settled<T> = readonly [value: T, errno: number];

interface EngineStat {
  readonly mode: number;
  readonly uid: number;
  readonly size: number;
  readonly mtime: number;
}

type OpenStat = Pick<EngineStat, 'mode' | 'uid' | 'size' | 'mtime'>;

interface EngineExec {
  readonly block: boolean;
  readonly usePath: boolean;
  readonly stdin: number;
  readonly stdout: number;
  readonly stderr: number;
  readonly env: Readonly<Record<string, string>>;
}

declare module 'qjs:os' {
  export function open(path: string, flags: number, mode?: number): number;
  export function close(descriptor: number): number;
  export function seek(descriptor: number, position: number, whence: number): number;
  export function read(descriptor: number, buffer: ArrayBufferLike, from: number, length: number): number;
  export function write(descriptor: number, buffer: ArrayBufferLike, from: number, length: number): number;
  export function isatty(descriptor: number): boolean;
  export function ttyGetWinSize(descriptor: number): readonly [columns: number, rows: number] | null;
  export function remove(path: string): number;
  export function rename(from: string, to: string): number;
  export function setReadHandler(descriptor: number, call: (() => void) | null): void;
  export function signal(number: number, call: (() => void) | null): void;
  /** Milliseconds of the monotonic clock. */
  export function now(): number;
  export function setTimeout(call: () => void, milliseconds: number): unknown;
  export function clearTimeout(timer: unknown): void;
  export function mkdir(path: string, mode: number): number;
  export function readdir(path: string): Settled<string[]>;
  export function stat(path: string): Settled<EngineStat | null>;
  export function lstat(path: string): Settled<EngineStat | null>;
  export function sleep(milliseconds: number): number;
  export function realpath(path: string): Settled<string>;
  export function readlink(path: string): Settled<string>;
  /** Returns the process id; throws if the process cannot be started. */
  export function exec(line: readonly string[], options: EngineExec): number;
  export function getpid(): number;
  export function waitpid(process: number, options: number): readonly [process: number, status: number];
  export function pipe(): readonly [reading: number, writing: number] | null;
  export function kill(process: number, signal: number): number;
}

declare module 'qjs:std' {
  export function exit(code: number): void;
  export function getenviron(): Readonly<Record<string, string>>;
}

// Defined in main.c.
declare module 'qjs:own' {
  export function fstat(descriptor: number): OpenStat | number;
  export function inode(path: string): number;
  /** Makes reads of the descriptor non-blocking. */
  export function unblock(descriptor: number): number;
  /** One character per byte; undefined if a byte is not ASCII. */
  export function asciiText(buffer: ArrayBufferLike, from: number, length: number): string | undefined;
  export function geteuid(): number;
  /** The effective group comes first. */
  export function getgroups(): number[];
  /** True if a signal has come whose handler the event loop has not called yet. */
  export function isSignalled(): boolean;
  /** Sets the text that is written to stdout if SIGHUP, SIGINT or SIGTERM ends the program. */
  export function setLastWords(text: string): void;
}

/** The program's name and its arguments. */
declare const scriptArgs: readonly string[];
/** The commit and the target that .dev/standalone.mjs built. */
declare const BUILD_COMMIT: string;
declare const BUILD_ENGINE: string;
declare const BUILD_ARCHITECTURE: 'x64' | 'arm64';
