// The common part of the tests with monitoring daemons: installs the plugin so that the daemon's user can run it, makes
// a directory for the test, and stops the daemon after it.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type Answer, BEFORE, command, ENV, NODE, PLUGIN, TOP } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';

export interface Site {
  /** Every user may enter it. */
  readonly folder: string;
  readonly plugins: string;
  /** A state directory of the nagios user. */
  readonly state: string;
  /** Returns a fixture tree that the daemon's user can read. */
  readonly tree: (name: string) => string;
}

/** Creates a scratch directory with the plugin and the fixture trees. */
export function site(): Site {
  const folder = scratch();
  chmodSync(folder, 0o755);
  const plugins = join(folder, 'plugins');
  mkdirSync(plugins);
  copyFileSync(PLUGIN, join(plugins, 'check_conntrack'));
  const state = stateFolder(folder, 'samples');
  const paths = {
    '/usr/lib/nagios/plugins/check_conntrack': [...BEFORE, join(plugins, 'check_conntrack')].join(' '),
    [STATE]: state,
    [CONFIGURATION]: join(folder, 'check_conntrack.conf'),
  };
  writeFileSync(join(plugins, HOST), shipped(HOST, paths), { mode: 0o755 });
  return { folder, plugins, state, tree: (name) => copiedTree(folder, name) };
}

function copiedTree(folder: string, name: string): string {
  const path = join(folder, 'fixtures', name);
  // A second copy would briefly remove files from under a plugin that the daemon is running.
  if (!existsSync(path)) cpSync(join(TOP, 'fixtures', name), path, { recursive: true });
  return path;
}

function stateFolder(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  execFileSync('chown', ['nagios', path]);
  return path;
}

/** The state directory in the shipped files. */
export const STATE = '/var/lib/nagios';

/** The file with the thresholds, and the one that replaces them. */
export const HOST = 'check_conntrack_host';
const CONFIGURATION = '/etc/check_conntrack.conf';

/** Returns the recommended options, with an empty state directory. */
export function recommended({ folder }: Site): readonly string[] {
  const wrapper = shipped(HOST, { [STATE]: stateFolder(folder, 'nothing-yet') });
  return (/^options='(.*)'$/m.exec(wrapper)?.[1] ?? '').split(' ');
}

/** Returns the text of a file of `nagios/`, with the documented paths replaced by those of the test. */
export function shipped(name: string, paths: Readonly<Record<string, string>> = {}): string {
  const text = readFileSync(join(TOP, 'nagios', name), 'utf8');
  return Object.entries(paths).reduce((changed, [from, to]) => changed.split(from).join(to), text);
}

/** Starts a daemon with this Node on its PATH; it is killed after the test. */
export function start(file: string, args: readonly string[]): ChildProcess {
  const env = { ...process.env, PATH: `${dirname(NODE)}:${process.env['PATH'] ?? ''}` };
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'ignore'], detached: true, env });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onTestFinished(() => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    return exited;
  });
  return child;
}

/** Returns the text of a file that a daemon may be about to write or move; empty if it is missing. */
export function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** Polls for a result for up to a minute: on a busy machine a daemon starts slowly. */
export async function eventually<T>(ask: () => T | undefined): Promise<T> {
  for (const began = Date.now(); Date.now() - began < 60_000; ) {
    const answer = ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no answer in time');
}

export function runPlugin({ plugins }: Site, ...args: readonly string[]): Answer {
  return command(ENV, [...BEFORE, join(plugins, 'check_conntrack'), ...args]);
}

/** The same as the user that Nagios and NRPE run it as. */
export function runPluginAsNagios({ plugins }: Site, ...args: readonly string[]): Answer {
  const as = ['--reuid=nagios', '--regid=nagios', '--clear-groups'];
  return command('setpriv', [...as, ...BEFORE, join(plugins, 'check_conntrack'), ...args]);
}

/** The part of one run that a monitoring system stores. */
export interface Result {
  readonly state: number | null;
  readonly text: string;
  readonly perfdata: string;
  readonly details: readonly string[];
}

/** Parses the plugin's output by the plugin guidelines. */
export function resultOf({ status, stdout }: Answer): Result {
  const [first = '', ...details] = stdout.trimEnd().split('\n');
  const [text = '', perfdata = ''] = first.split(' | ');
  return { state: status, text, perfdata, details };
}

/**
 * Compares the output of two runs on a live table, except the figures. Earlier losses are printed only by the run
 * without history.
 */
export function expectSameShape(stored: Result, direct: Result): void {
  const figures = (text: string) =>
    text
      .replace(/, since boot: \d+ [a-z ]+(?:, \d+ (?:dropped|lost|refused)[a-z ]*)*/, '')
      .replace(/\d+(\.\d+)?/g, 'N');
  const shape = ({ state, text }: Result) => ({ state, text: figures(text) });
  expect(shape(stored)).toEqual(shape(direct));
}

/** One run for each state, all on fixture trees. */
export const RUNS = [
  ['OK', 0, 'debian-12-synthetic', []],
  ['WARNING', 1, 'usage-85-synthetic', []],
  ['CRITICAL', 2, 'over-limit-synthetic', ['--warning', 'load_factor=0.5', '--warning', '~:70']],
  ['UNKNOWN', 3, 'no-count-synthetic', []],
] as const;
