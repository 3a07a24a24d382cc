// Behaviour of each kernel, and the plugin's output on it. At the end a table lists the features of each, and the
// kernels that could not be fetched.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { capture } from './capture.ts';
import { limits, limitsAgain } from './limits.ts';
import { lookAt } from './look.ts';
import { losses, sameOnNode } from './losses.ts';
import { boot, captureOf, hasNode, isBootedAgain, isChoice, kernels, type Machine, missing } from './machine.ts';
import { memory } from './memory.ts';

const FEWEST = 4;
const names = kernels();
const machines = new Map<string, Machine>();
const right = new Map<string, { held: number; all: number }>();
const folder = mkdtempSync(join(tmpdir(), 'check_conntrack-kernels-'));

// Two at a time: each uses one processor most of the time.
beforeAll(async () => {
  const waiting = names.slice();
  const worker = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop())
      machines.set(name, await boot(name, folder));
  };
  await Promise.all([worker(), worker()]);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
  const head = 'kernel | conntrack | procfs | object | extension | counters | limit 0 | verdicts right | seconds';
  const absent = missing().map(([name, reason]) => `${name} | ${reason}`);
  process.stdout.write(`\n${[head, ...names.map(tableRow), ...absent].join('\n')}\n`);
});

test('there are kernels of at least four series', () => {
  const series = new Set(names.map((name) => machines.get(name)?.release.split('.', 2).join('.')));
  expect(series.size).toBeGreaterThanOrEqual(isChoice ? 1 : FEWEST);
});

describe.each(names)('%s', (name) => {
  const look = lookAt(name, () => machines.get(name));
  afterEach(({ task }) => {
    const { held, all } = right.get(name) ?? { held: 0, all: 0 };
    right.set(name, { held: held + Number(task.result?.state === 'pass'), all: all + 1 });
  });
  limits(look);
  memory(look);
  losses(look);
  capture(look, captureOf(name));
  if (isBootedAgain(name)) limitsAgain(look);
  if (hasNode(name)) sameOnNode(look);
});

function tableRow(name: string): string {
  const machine = machines.get(name);
  if (!machine?.steps.has('unlimited')) return `${name} | did not come to its end`;
  const look = lookAt(name, () => machine);
  const outputOf = (step: string) => (look.has(step) ? look.step(step).output : '');
  const [, object = '?', extension = '?'] = /object size: (\d+) B.*extension (\d+) B/.exec(outputOf('memory')) ?? [];
  const { held, all } = right.get(name) ?? { held: 0, all: 0 };
  return [
    `${machine.release} (${name})`,
    outputOf('absent').includes('no connection tracking') ? 'module' : 'built in',
    look.hasFiles() ? 'on' : 'off',
    `${object} B`,
    `${extension} B`,
    ['drop', 'early_drop', 'insert_failed', 'chainlength', 'clashres']
      .filter((column) => look.counter('counters', column) !== undefined)
      .join(' '),
    look.step('no-limit').status === 0 ? 'none' : 'refused',
    `${held} of ${all}`,
    `${machine.seconds.toFixed(0)}`,
  ].join(' | ');
}
