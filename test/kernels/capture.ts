// A booted kernel as a tree like those of fixtures/, in .cache/kernels/NAME/captured. Reading the copy gives the same
// output as the machine gave at that moment. New fixtures are copied from there.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { plugin } from '../e2e/support/plugin.ts';
import { type Look, perfdata } from './look.ts';

// The slab may have grown by some pages between the two.
const SAME = ['usage', 'entries', 'slab_max', 'drop', 'early_drop', 'insert_failed', 'chainlength', 'invalid'];
const OF_COUNTERS = SAME.slice(3);

export function capture({ step, hasFiles }: Look, folder: string): void {
  test("a copy of its files gives the machine's output", () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    execFileSync('tar', ['xz', '-C', folder], { input: Buffer.from(step('captured').output, 'base64') });
    const copied = { status: 0, output: plugin('--root', folder).stdout };
    const live = step('full-root');
    // conntrack(8) does not work on a copy.
    for (const label of SAME.filter((candidate) => hasFiles() || !OF_COUNTERS.includes(candidate)))
      expect([label, perfdata(copied, label)]).toEqual([label, perfdata(live, label)]);
    expect(perfdata(copied, 'entries')).toBeGreaterThan(90);
  });
}
