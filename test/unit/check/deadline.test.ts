// Whenever the time is over before the output: UNKNOWN, and named. A clock of the test's own stops at each look in turn.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkCommand } from '../../../src/check/check.ts';
import { parseRequest } from '../../../src/cli/options.ts';
import type { Outcome } from '../../../src/cli/program.ts';
import type { Deadline } from '../../../src/kernel/root.ts';
import { muninCommand } from '../../../src/munin/munin.ts';
import { planCommand } from '../../../src/plan/plan.ts';

const ROOT = ['--root', 'fixtures/centos-5.8-synthetic'];

const notRecorded = async () => undefined;

function run(args: readonly string[], deadline: Deadline): Promise<Outcome> {
  const request = parseRequest(args, {});
  if (request.kind !== 'run') throw new Error(`not run: ${request.kind}`);
  if (request.command === 'check') return checkCommand.run(request.options, deadline, notRecorded);
  if (request.command === 'munin') return muninCommand.run(request.options, deadline, notRecorded);
  if (request.command === 'plan') return planCommand.run(request.options, deadline, notRecorded);
  throw new Error(`not run: ${request.command}`);
}

/** Returns the output if the deadline passes after each number of looks at the clock. */
async function cutShort(args: readonly string[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let looks = 0; ; looks++) {
    let taken = 0;
    const deadline = { elapsed: () => 0, left: () => (taken++ < looks ? 1000 : 0) };
    outcomes.push(await run(args, deadline));
    if (taken <= looks) return outcomes;
  }
}

function scratch(): string {
  const path = mkdtempSync(join(tmpdir(), 'check_conntrack-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test.each<[string, () => readonly string[]]>([
  ['the check', () => ROOT],
  ['with all that it can say', () => [...ROOT, '-vv', '--netns', 'all']],
  ['with history', () => [...ROOT, '--state-dir', scratch()]],
  ['plan', () => ['plan', ...ROOT]],
])('%s', async (_, args) => {
  const outcomes = await cutShort(args());
  expect(outcomes.length).toBeGreaterThan(10);
  const last = outcomes.pop();
  expect(last?.state).toBe('ok');
  for (const { state, output } of outcomes) {
    expect(output).toMatch(/^CONNTRACK UNKNOWN - timeout (before|after) reading \S+\n/);
    expect(state).toBe('unknown');
  }
});

test('munin', async () => {
  const outcomes = await cutShort(['munin', ...ROOT]);
  const last = outcomes.pop();
  expect(last?.output).toContain('entries.value 24030\n');
  for (const { output } of outcomes) expect(output).toContain('entries.value U\n');
});
