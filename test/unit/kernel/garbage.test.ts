// Files that no kernel writes: parsers never return a figure that would mislead.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseContainer } from '../../../src/kernel/namespaces/cgroup.ts';
import { parseMounts } from '../../../src/kernel/namespaces/mounts.ts';
import { parseProcess } from '../../../src/kernel/namespaces/processes.ts';
import { parsePositiveNumber, parseWholeNumber } from '../../../src/kernel/number.ts';
import type { Parsed } from '../../../src/kernel/root.ts';
import { parseToolStatistics } from '../../../src/kernel/table/conntrack-tool.ts';
import { parseEventListener } from '../../../src/kernel/table/event-listener.ts';
import { parseMemTotal, parseRelease, parseSizes } from '../../../src/kernel/table/machine-files.ts';
import { parseSlabinfo } from '../../../src/kernel/table/slabinfo.ts';
import { parseStatistics } from '../../../src/kernel/table/statistics.ts';

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'));

/** Valid text with a part removed and anything in its place. */
function damaged(text: string): fc.Arbitrary<string> {
  const at = fc.nat({ max: text.length });
  return fc.tuple(at, at, bytes).map(([start, end, other]) => text.slice(0, start) + other + text.slice(end));
}

function numbersIn(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

const AUXV = Buffer.from(Uint32Array.from([16, 0, 8192, 0, 6, 0, 4096, 0, 0, 0, 0, 0]).buffer).toString('latin1');

test('stat of a process', () => {
  const text = '42 (a) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 9';
  fc.assert(
    fc.property(fc.oneof(bytes, damaged(text)), (any) => {
      const parsed = parseProcess(any);
      if (!parsed.ok) return parsed.kind === 'malformed';
      return Number.isInteger(parsed.value.parent) && Number.isFinite(parsed.value.started);
    }),
    { numRuns: 2000 },
  );
});

test.each<[string, (text: string) => Parsed<unknown>, text: string, least: number, most: number]>([
  ['count', parseWholeNumber, '65536\n', 0, 2 ** 31],
  ['buckets', parsePositiveNumber, '16384\n', 1, 2 ** 31],
  ['statistics', parseStatistics, 'entries  drop early_drop\n0000000a  ffffffff 00000000 \n', 0, 2 ** 32 - 1],
  ['conntrack -S', parseToolStatistics, 'cpu=0   \tfound=1 drop=4294967295 early_drop=0\n', 0, 9_999_999_999],
  ['slabinfo', parseSlabinfo, 'nf_conntrack  3248   3248    256   16    1 : tunables\n', 1, 999_999_999],
  ['osrelease', parseRelease, '2.6.18-308.el5\n', 0, 999],
  ['MemTotal', parseMemTotal, 'MemTotal:        3905824 kB\n', 1024, 1024 * 10 ** 15],
  ['auxv', parseSizes, AUXV, 4, 2 ** 18],
  ['mountinfo', parseMounts, '43 42 0:4 net:[4026532177] /run/netns/a rw - nsfs nsfs rw\n', 0, 9_999_999_999],
  ['cgroup', parseContainer, '0::/system.slice/nginx.service\n', 0, 0],
  ['netlink', parseEventListener, 'sk       Eth Pid    Groups   \nffff 12  42     00000001 \n', 0, 0],
])('%s', (_, parse, text, least, most) => {
  expect(parse(text).ok).toBe(true);
  fc.assert(
    fc.property(fc.oneof(bytes, damaged(text), damaged(text + text)), (any) => {
      const parsed = parse(any);
      if (!parsed.ok) return /^\d*$/.test(parsed.detail ?? '');
      return numbersIn(parsed.value).every((number) => Number.isInteger(number) && number >= least && number <= most);
    }),
    { numRuns: 2000 },
  );
});
