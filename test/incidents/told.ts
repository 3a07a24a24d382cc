// The reports of both executables on one staged incident, at the same moment: they must give the same verdict.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Ajv } from 'ajv';
import { expect } from 'vitest';
import { type Answer, command, RUN, TOP } from '../e2e/support/plugin.ts';
import { withoutOthers } from '../live/namespace.ts';

export const STANDALONE = join(TOP, 'build/linux-x64/check_conntrack');
/** The command lines of each: the file for Node, and the standalone one. */
export const EXECUTABLES: readonly (readonly string[])[] = [RUN, [STANDALONE]];

const schema: object = JSON.parse(readFileSync(join(TOP, 'nagios/check_conntrack.schema.json'), 'utf8'));
const isValid = new Ajv({ allowUnionTypes: true }).compile(schema);

export interface Step {
  readonly kind: string;
  readonly title: string;
  readonly preconditions: readonly string[];
  readonly commands: readonly string[];
  readonly undo: readonly string[];
  /** The same with iptables. */
  readonly instead: readonly string[];
  readonly undo_instead: readonly string[];
  readonly notes: readonly string[];
}

/** The names of the commands of each form, and of their undo. */
export const FORMS = [
  ['commands', 'undo'],
  ['instead', 'undo_instead'],
] as const;

export interface Added {
  readonly address?: string;
  readonly port?: number;
  readonly entries: number;
  readonly added: number;
}

interface Ranking {
  readonly top: readonly { readonly address?: string; readonly port?: number; readonly entries: number }[];
}

export interface Lead {
  readonly kind: string;
  readonly state: string;
  readonly namespace: { readonly mount: string | null; readonly pid: number | null } | null;
  readonly per_second: number | null;
  readonly text: string;
  readonly notes: readonly string[];
  readonly commands: readonly string[];
  readonly invalid: {
    readonly share_percent: number | null;
    readonly settings: Readonly<Record<string, number>>;
    readonly rules: readonly { readonly chain: string; readonly packets: number | null }[] | null;
  } | null;
}

export interface Incident {
  readonly trouble: string;
  readonly advice: readonly Step[];
  readonly elsewhere: readonly Lead[];
  readonly kernel_log: { readonly lines: number; readonly last_seconds_ago: number | null };
  readonly namespaces: readonly {
    readonly pid: number | null;
    readonly mount: string | null;
    readonly losses: {
      readonly seconds: number;
      readonly events: { readonly drop: number; readonly invalid: number };
      readonly lost: Readonly<Record<string, number>>;
    } | null;
  }[];
}

export interface Report {
  readonly state: string;
  readonly message: string;
  readonly incident: Incident;
  readonly list: {
    readonly namespace: { readonly mount: string | null };
    readonly owners: readonly unknown[];
    readonly source: string;
    readonly entries: number;
    readonly zoned: number;
    readonly zones: readonly { readonly zone: number; readonly entries: number }[];
    readonly sources: Ranking;
    readonly ports: Ranking;
    readonly kinds: readonly { readonly name: string; readonly state: string | null }[];
    readonly arrivals: {
      readonly kind: string;
      readonly seconds: number;
      readonly counted: number;
      readonly lines: number;
      readonly added: number;
      readonly sources: readonly Added[];
      readonly networks: readonly Added[];
      readonly ports: readonly Added[];
    };
  };
}

/** Returns the report of the file for Node; expects the same verdict and advice from the standalone one. */
export async function report(...args: readonly string[]): Promise<Report> {
  return reportBy((run) => withoutOthers(...run, 'report', '--format', 'json', ...args));
}

/**
 * The same for a command line around each executable. They never sample at the very same moment, and an incident goes
 * on between them: if they differ, both are run again.
 */
export async function reportBy(line: (run: readonly string[]) => readonly string[], looks = 5): Promise<Report> {
  const answers = await Promise.all(EXECUTABLES.map((run) => answerOf(line(run))));
  const [first, second] = answers.map(parsed);
  if (first === undefined || second === undefined) throw new Error('there are two executables');
  if (looks > 1 && !isDeepStrictEqual(verdictOf(second), verdictOf(first))) return reportBy(line, looks - 1);
  expect(verdictOf(second)).toEqual(verdictOf(first));
  return first;
}

/** By the schema that is shipped. */
export function expectValid(document: unknown): void {
  expect(isValid(document), JSON.stringify(isValid.errors)).toBe(true);
}

function parsed({ stdout, stderr }: Answer): Report {
  expect(stderr).toBe('');
  const document = JSON.parse(stdout);
  expectValid(document);
  return { ...document.report, state: document.state, message: document.message };
}

// A lead that is only a hint may come from three packets, which only one of two simultaneous reports may see.
function verdictOf({ state, incident: { trouble, advice, elsewhere } }: Report): unknown {
  const leads = elsewhere.filter((lead) => lead.state !== 'ok');
  return { state, trouble, advice: advice.map(({ kind }) => kind), leads: leads.map(({ kind }) => kind) };
}

/** Runs a command without blocking; resolves to its answer. */
export function answerOf([file = '', ...args]: readonly string[], timeout = 60_000): Promise<Answer> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { cwd: TOP, encoding: 'latin1', timeout }, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}

export function kinds({ incident }: Report): readonly string[] {
  return incident.advice.map(({ kind }) => kind);
}

export function step({ incident }: Report, kind: string): Step {
  const found = incident.advice.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no advice: ${kind}, of ${incident.advice.map((one) => one.kind)}`);
  return found;
}

// conntrack(8) gives up if a listed entry ends before it is deleted.
const ENDED = "Operation failed: such conntrack doesn't exist";

/**
 * Types each line as it is printed. Each has to succeed, but for those with a word of `mayFind`, which exit 1 if idle.
 */
export function type(lines: readonly string[], mayFind: readonly string[] = []): void {
  expect(lines).not.toEqual([]);
  for (const line of lines) {
    let answer: Answer;
    do answer = command('/bin/sh', ['-c', line]);
    while (answer.stderr.includes(ENDED));
    const statuses = mayFind.some((word) => line.includes(word)) ? [0, 1] : [0];
    expect(statuses, `${line}: ${answer.stderr}`).toContain(answer.status);
  }
}
