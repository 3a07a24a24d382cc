// Runs a tool by its path, within the time limit of the table of tools and the deadline.

import { children } from '#system/children';
import { clock } from '#system/clock';
import { self } from '#system/self';
import { signals } from '#system/signals';
import type { Fault, ReadAttempt, Reading } from '../model/fault.ts';
import type { ChildAnswer, Stream } from '../system/contract.ts';
import { systemFault } from './file.ts';
import { wouldLoadModule } from './modules.ts';
import type { Root } from './root.ts';
import { findTool, TOOLS, type Tool } from './tools.ts';

/** The output of a tool, one character per byte. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  /** An errno name or an exit status; undefined for success. */
  readonly failure: string | undefined;
}

export interface ToolRun {
  readonly tool: Tool;
  /** The name of this run in messages. */
  readonly source: string;
  /** The words that enter a namespace to run it in; empty for our own. */
  readonly enter?: readonly string[];
  /** Appended to the tool's own arguments. */
  readonly args?: readonly string[];
  /** A shorter limit than the tool's own. */
  readonly milliseconds?: number;
}

/** Returns the words that run a tool; a fault if it is not installed, not permitted, or would load a module. */
export function toolLine(root: Root, { tool, source }: ToolRun): readonly string[] | Fault {
  const path = findTool(tool);
  if (path === undefined) return { kind: 'tool-missing', source };
  if (tool.user === 'root' && self.effectiveUser() !== 0) return { kind: 'denied', source };
  if (wouldLoadModule(root, tool.needs)) {
    const [detail = ''] = tool.needs;
    return { kind: 'would-load-module', source, detail };
  }
  return [path, ...tool.args];
}

/** Runs a tool and waits for its end. */
export function runTool<T>(root: Root, run: ToolRun, interpret: (answer: Answer) => Reading<T>): Reading<T> {
  const { tool, source, enter = [], args = [] } = run;
  const line = toolLine(root, run);
  if ('kind' in line) return { ok: false, fault: line };
  const late = root.expired(source);
  if (late !== undefined) return { ok: false, fault: late };
  const before = root.deadline.elapsed();
  const limits = [root.deadline.left(), signals.left(), tool.milliseconds, run.milliseconds ?? tool.milliseconds];
  const milliseconds = Math.max(0, Math.min(...limits));
  const [program = '', ...words] = [...leash(), ...enter, ...line, ...args];
  const answer = children.run(program, words, { milliseconds, bytes: tool.bytes });
  const reading = readAnswer(root, source, answer, interpret);
  root.record(attempted(source, reading, answer.stdout, root.deadline.elapsed() - before));
  return reading;
}

const PROBE = { milliseconds: 1000, bytes: 1 << 16 } as const;
const canLeash = new Map<string, boolean>();

// Before util-linux 2.33, and in BusyBox, setpriv(1) cannot do it: a tool then runs on until it writes.
function leash(): readonly string[] {
  const { args } = TOOLS.leash;
  const path = children.outliveUs ? findTool(TOOLS.leash) : undefined;
  if (path === undefined) return [];
  const works = canLeash.get(path) ?? children.run(path, [...args, path, '--version'], PROBE).status === 0;
  canLeash.set(path, works);
  return works ? [path, ...args] : [];
}

function readAnswer<T>(
  root: Root,
  source: string,
  { stdout, stderr, status, errno }: ChildAnswer,
  interpret: (answer: Answer) => Reading<T>,
): Reading<T> {
  if (errno === 'ENOENT') return { ok: false, fault: { kind: 'tool-missing', source } };
  if (errno === 'ETIMEDOUT') return { ok: false, fault: root.expired(source) ?? { kind: 'timeout', source } };
  const failure = errno ?? (status === 0 ? undefined : `exit status ${status ?? null}`);
  return interpret({ stdout, stderr, failure });
}

function attempted(source: string, reading: Reading<unknown>, stdout: string, milliseconds: number): ReadAttempt {
  const fault = reading.ok ? {} : { fault: reading.fault };
  return { source, bytes: stdout.length, milliseconds, ...fault };
}

/** A tool whose output is read while it runs. */
export interface RunningTool {
  readonly stdout: Stream;
  /** Waits for the end; returns the fault if it failed. */
  ended(): Promise<Fault | undefined>;
  /** Kills the tool. */
  close(): void;
}

/** Starts a tool by the words of toolLine(). */
export function startTool({ tool, source }: ToolRun, [program = '', ...args]: readonly string[]): RunningTool {
  const [first = program, ...others] = [...leash(), program];
  const child = children.start(first, [...others, ...args]);
  let late = false;
  const cancel = clock.after(tool.milliseconds, () => {
    late = true;
    child.kill();
  });
  const ended = async (): Promise<Fault | undefined> => {
    const status = await child.ended();
    cancel();
    if (late) return { kind: 'timeout', source };
    if (typeof status === 'object') return { ...systemFault(status), source };
    return status === 0 ? undefined : { kind: 'tool-failed', source, detail: `exit status ${status ?? null}` };
  };
  const close = (): void => {
    cancel();
    child.kill();
    child.stdout.close();
  };
  return { stdout: child.stdout, ended, close };
}
