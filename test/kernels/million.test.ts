// A full table on booted kernels, on a machine that is about seven times slower than a real one: the check with --record
// through a wrapper that kills it after 10 s, as check_nrpe gives up then.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootMillion, kernels, type Machine } from './machine.ts';

const ENTRIES = 100_000;
/** Percent of the entries that the source has. */
const SHARE = 80;
const TIMEOUT_SECONDS = 8;

// The list of 6.12 is quadratic, that of 6.18 is not.
const NAMES = ['6.12', '6.18'].filter((name) => kernels().includes(name));

describe.each(NAMES)('%s', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'check_conntrack-million-'));
  let steps: Machine['steps'] = new Map();
  beforeAll(async () => {
    steps = await bootMillion(name, folder, ENTRIES);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('the check that records ends in time, with the culprit and the share of the list that was read', () => {
    expect(secondsOf('clean')).toBeLessThan(1);
    expect(steps.get('recorded')?.status).toBe(2);
    expect(secondsOf('recorded')).toBeLessThan(TIMEOUT_SECONDS);
    expect(Math.abs(culpritShare('first') - SHARE)).toBeLessThan(3);
  });

  test("the same by the kernel's own list", () => {
    expect(steps.get('again')?.status).toBe(2);
    expect(secondsOf('again')).toBeLessThan(TIMEOUT_SECONDS);
    expect(Math.abs(culpritShare('list') - SHARE)).toBeLessThan(3);
  });

  function secondsOf(step: string): number {
    const [, began, ended] = /^took (\S+) (\S+)$/m.exec(steps.get(step)?.output ?? '') ?? [];
    return Number(ended) - Number(began);
  }

  function culpritShare(step: string): number {
    return Number(/^ {4}127\.7\.7\.7 +[\d,]+ +(\d+\.\d)%/m.exec(steps.get(step)?.output ?? '')?.[1]);
  }
});
