// Counting a sample on the slower engine, if the time ends before all sampled lines are counted.

import { afterAll, expect, test, vi } from 'vitest';
import { bytes } from '#system/bytes';
import { marksOf } from '../../../../src/report/list/begun.ts';
import { DEFAULT_TIMEOUTS } from '../../../../src/report/list/timeouts.ts';

// Tests of one process share its modules.
vi.resetModules();
vi.doMock('#system/counting', () => ({ counting: { mostLines: 65_536, threads: undefined } }));
const { countEntries } = await import('../../../../src/report/list/count.ts');
afterAll(() => {
  vi.doUnmock('#system/counting');
  vi.resetModules();
});

const LINES = 6000;
const LINE =
  'ipv4     2 udp      17 29 src=192.0.2.1 dst=198.51.100.7 sport=5000 dport=53 [UNREPLIED] src=198.51.100.7 dst=192.0.2.1 sport=53 dport=5000 mark=0 zone=0 use=2\n';
const STOP = {
  interrupted: () => false,
  coming: new Promise<'interrupted'>(() => undefined),
  pause: async () => undefined,
  during: <T>(work: () => Promise<T>) => work(),
};

function counted(isLate: () => boolean) {
  let left = LINES;
  const take = (into: Uint8Array): number => {
    const some = Math.min(left, Math.floor(into.length / LINE.length));
    left -= some;
    into.set(bytes.fromLatin1(LINE.repeat(some)));
    return some * LINE.length;
  };
  const feed = { source: 'list', expected: LINES, shared: undefined, family: 'both', families: undefined } as const;
  const watcher = { stop: STOP, step: () => undefined, enough: LINES, isLate };
  return countEntries({ ...feed, take, close: () => undefined }, marksOf(new Map(DEFAULT_TIMEOUTS)), watcher);
}

test('counts all lines in time', async () => {
  expect(await counted(() => false)).toMatchObject({ digest: { entries: LINES }, sample: undefined });
});

test('estimates the total from the lines counted when time runs out', async () => {
  const { digest, sample, cut } = await counted(() => true);
  expect(cut).toBeUndefined();
  expect(sample?.lines).toBe(LINES);
  expect(sample?.held).toBeGreaterThan(0);
  expect(sample?.held).toBeLessThan(LINES / 2);
  expect(Math.round(digest.entries)).toBe(LINES);
});
