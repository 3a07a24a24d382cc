import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePositiveNumber, parseWholeNumber } from '../../../src/kernel/number.ts';
import type { Parsed } from '../../../src/kernel/root.ts';
import { parseToolStatistics } from '../../../src/kernel/table/conntrack-tool.ts';
import { parseEventListener } from '../../../src/kernel/table/event-listener.ts';
import { parseAvailable, parseMemTotal, parseRelease, parseSizes } from '../../../src/kernel/table/machine-files.ts';
import { hasCache, parseSlabinfo } from '../../../src/kernel/table/slabinfo.ts';
import { parseStatistics } from '../../../src/kernel/table/statistics.ts';

const MALFORMED = { ok: false, kind: 'malformed' };

describe('whole numbers', () => {
  test.each<[string, Parsed<number>]>([
    ['65536\n', { ok: true, value: 65536 }],
    ['0\n', { ok: true, value: 0 }],
    ['2147483648', { ok: true, value: 2147483648 }],
    ['2147483649', { ok: false, kind: 'absurd' }],
    ['9'.repeat(400), { ok: false, kind: 'absurd' }],
    ['-1\n', { ok: false, kind: 'negative' }],
    ['', { ok: false, kind: 'empty' }],
    ['\n', { ok: false, kind: 'empty' }],
    ['abc\n', { ok: false, kind: 'not-a-number', detail: '4' }],
    ['1 2\n', { ok: false, kind: 'not-a-number', detail: '4' }],
    ['5.5\n', { ok: false, kind: 'not-a-number', detail: '4' }],
    ['1e3', { ok: false, kind: 'not-a-number', detail: '3' }],
    ['\u00a042\n', { ok: false, kind: 'not-a-number', detail: '4' }],
    [' 42 \n', { ok: true, value: 42 }],
    ['١', { ok: false, kind: 'not-a-number', detail: '1' }],
  ])('%j', (text, expected) => expect(parseWholeNumber(text)).toEqual(expected));

  test('refuses zero for a divisor', () => {
    expect(parsePositiveNumber('0\n')).toEqual({ ok: false, kind: 'zero' });
    expect(parsePositiveNumber('1\n')).toEqual({ ok: true, value: 1 });
    expect(parsePositiveNumber('x')).toMatchObject({ kind: 'not-a-number' });
  });
});

describe('/proc/net/stat', () => {
  const OLD =
    'entries  searched found new invalid ignore delete delete_list insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete';
  const MIDDLE = `${OLD} search_restart`;
  const NEW = MIDDLE.replace('searched', 'clashres');
  const NEWEST = NEW.replace('delete_list', 'chainlength');

  // Cell n of a line is n, so that a test notices swapped columns.
  function file(header: string, ...firstCells: readonly number[]): string {
    const columns = header.split(/ +/).length;
    const line = (first: number) =>
      Array.from({ length: columns }, (_, at) => (at === 0 ? first : at).toString(16).padStart(8, '0')).join(' ');
    return `${header}\n${firstCells.map(line).join(' \n')}\n`;
  }

  test.each([
    ['up to 2.6.34: 16 columns', OLD, undefined],
    ['2.6.35: 17 columns', MIDDLE, undefined],
    ['5.10: clashres', NEW, undefined],
    ['5.15: chainlength', NEWEST, 7],
  ])('%s', (_, header, chainlength) => {
    const parsed = parseStatistics(file(header, 500, 500));
    const cpu = {
      drop: 10,
      early_drop: 11,
      insert_failed: 9,
      invalid: 4,
      icmp_error: 12,
      ...(header.includes('clashres') ? { clashres: 1 } : {}),
      ...(chainlength === undefined ? {} : { chainlength }),
    };
    expect(parsed).toEqual({ ok: true, value: { entries: 500, cpus: [cpu, cpu] } });
  });

  test("accepts the kernel's format: double spaces, and one at the end of header and lines", () => {
    const blanks = (text: string) => text.replace(/^(\w+) +/gm, '$1  ').replace(/$/gm, ' ');
    expect(parseStatistics(blanks(file(NEWEST, 500)))).toEqual(parseStatistics(file(NEWEST, 500)));
  });

  test('leaves out a counter that the kernel lacks', () => {
    expect(parseStatistics('entries drop\n00000001 00000002\n')).toStrictEqual({
      ok: true,
      value: { entries: 1, cpus: [{ drop: 2 }] },
    });
  });

  test('finds columns by name in any order', () => {
    const parsed = parseStatistics('drop entries brand_new\n00000001 00000002 00000003\n');
    expect(parsed).toEqual({ ok: true, value: { entries: 2, cpus: [{ drop: 1 }] } });
  });

  test('accepts any white space between columns', () => {
    const parsed = parseStatistics('entries\tdrop\n00000001\t00000002 \n');
    expect(parsed).toEqual({ ok: true, value: { entries: 1, cpus: [{ drop: 2 }] } });
  });

  test('reads unsigned 32-bit counters', () => {
    expect(parseStatistics('entries drop\nffffffff ffffffff\n')).toEqual({
      ok: true,
      value: { entries: 4294967295, cpus: [{ drop: 4294967295 }] },
    });
  });

  test.each([
    ['no entries', 'searched drop\n00000000 00000000\n'],
    ['no drop', 'entries found\n00000000 00000000\n'],
    ['no line', 'entries drop\n'],
    ['a line too short', 'entries drop\n00000000\n'],
    ['a line too long', 'entries drop\n00000000 00000000 00000000\n'],
    ['a second line too short', 'entries drop\n00000000 00000000\n00000000\n'],
    ['a second line of text', 'entries drop\n00000000 00000000\nzzzzzzzz zzzzzzzz\n'],
    ['text before the first cell', 'entries drop\nx00000000 00000000\n'],
    ['a cell of text', 'entries drop\n00000000 zzzzzzzz\n'],
    ['a cell of another width', 'entries drop\n00000000 0000000\n'],
    ['a cell that is too wide', 'entries drop\n00000000 123456789\n'],
    ['a sign', 'entries drop\n00000000 -0000001\n'],
    ['capitals', 'entries drop\n00000000 0000000A\n'],
  ])('rejects %s', (_, text) => expect(parseStatistics(text)).toEqual(MALFORMED));

  test('empty', () => expect(parseStatistics(' \n')).toEqual({ ok: false, kind: 'empty' }));
});

describe('conntrack -S', () => {
  test('reads the keys of conntrack-tools 1.4.7', () => {
    const text = `cpu=0   	found=3 invalid=7 insert=0 insert_failed=1 drop=2 early_drop=4 error=0 search_restart=0 clash_resolve=9 chaintoolong=5
cpu=1   	found=0 invalid=0 insert=0 insert_failed=0 drop=4294967295 early_drop=0 error=0 search_restart=0 clash_resolve=0 chaintoolong=0
`;
    expect(parseToolStatistics(text)).toEqual({
      ok: true,
      value: {
        cpus: [
          { insert_failed: 1, drop: 2, early_drop: 4, chainlength: 5, invalid: 7, clashres: 9, icmp_error: 0 },
          { insert_failed: 0, drop: 4294967295, early_drop: 0, chainlength: 0, invalid: 0, clashres: 0, icmp_error: 0 },
        ],
      },
    });
  });

  test('reads the keys of older versions', () => {
    const text =
      'cpu=0   	searched=1 found=2 new=3 invalid=4 ignore=5 delete=6 delete_list=7 insert=8 insert_failed=9 drop=10 early_drop=11 icmp_error=12 expect_new=13 expect_create=14 expect_delete=15 search_restart=16\n';
    expect(parseToolStatistics(text)).toEqual({
      ok: true,
      value: { cpus: [{ insert_failed: 9, drop: 10, early_drop: 11, invalid: 4, icmp_error: 12 }] },
    });
  });

  test('accepts a tab before a key', () => {
    expect(parseToolStatistics('cpu=0   \tdrop=2\n')).toEqual({ ok: true, value: { cpus: [{ drop: 2 }] } });
  });

  test("reads the kernel's own name of chaintoolong", () => {
    const parsed = parseToolStatistics('cpu=0 drop=1 chainlength=2\n');
    expect(parsed).toEqual({ ok: true, value: { cpus: [{ drop: 1, chainlength: 2 }] } });
  });

  test.each([
    ['nothing', ''],
    ['an error', 'conntrack v1.4.7 (conntrack-tools): Operation failed: Operation not permitted\n'],
    ['no drop', 'cpu=0 found=0\n'],
    ['a value with text before it', 'cpu=0 drop=x1\n'],
    ['a value with text after it', 'cpu=0 drop=1x\n'],
    ['a value that is not a number', 'cpu=0 drop=abc\n'],
    ["a value out of a counter's range", 'cpu=0 drop=4294967296\n'],
    ['one CPU without drop', 'cpu=0 drop=1\ncpu=1 found=1\n'],
  ])('rejects %s', (_, text) => expect(parseToolStatistics(text)).toEqual(MALFORMED));
});

describe('/proc/slabinfo', () => {
  const row = (name: string, objects: number, size = 256): string =>
    `${name}         ${objects} ${objects + 8}    ${size}   16    1 : tunables    0    0    0 : slabdata      7      7      0\n`;
  const cache = (name: string, objectSize = 256) => ({ name, objectSize, objectsPerSlab: 16, pagesPerSlab: 1 });

  test.each([
    ['ip_conntrack', 'ip_conntrack'],
    ['nf_conntrack', 'nf_conntrack'],
    ['by pointer', 'nf_conntrack_ffffffff81b1a7a0'],
    ['by number', 'nf_conntrack_12'],
  ])('reads a cache: %s', (_, name) => {
    const text = `slabinfo - version: 2.1\nnf_conntrack_expect 900 900 240 16 1 : \n${row(name, 100)}kmalloc-128 1 1 128 32 1 :\n`;
    expect(parseSlabinfo(text)).toEqual({ ok: true, value: cache(name) });
  });

  test('reads the first of several caches, which have the same geometry', () => {
    const text = row('nf_conntrack_expect', 5) + row('nf_conntrack_2', 500, 320) + row('nf_conntrack_3', 50, 320);
    expect(parseSlabinfo(text)).toEqual({ ok: true, value: cache('nf_conntrack_2', 320) });
  });

  test('stops once the whole row has been read', () => {
    const text = row('nf_conntrack', 500);
    expect(hasCache(text)).toBe(true);
    expect(hasCache(text.slice(0, 40))).toBe(false);
    expect(hasCache('')).toBe(false);
  });

  test('accepts spaces between columns, and slabs of many pages', () => {
    const text = 'nf_conntrack_ffff880037a4c080     20     26    304   210   16 : tunables   54   27    8\n';
    const value = { name: 'nf_conntrack_ffff880037a4c080', objectSize: 304, objectsPerSlab: 210, pagesPerSlab: 16 };
    expect(parseSlabinfo(text)).toEqual({ ok: true, value });
  });

  test('reads a last line without a line break', () => {
    expect(parseSlabinfo(row('nf_conntrack', 1).trimEnd())).toMatchObject({ ok: true });
  });

  test.each([
    ['empty', ''],
    ['expectations only', row('nf_conntrack_expect', 5) + row('ip_conntrack_expect', 5)],
    ['a name that only ends like one', row('my_nf_conntrack', 5)],
    ['no objects in a slab', 'nf_conntrack 1 1 256 0 1 : x\n'],
    ['zero pages', 'nf_conntrack 1 1 256 16 0 : x\n'],
    ['zero size', 'nf_conntrack 1 1 0 16 1 : x\n'],
    ['negative', 'nf_conntrack 1 1 -256 16 1 : x\n'],
    ['cut short', 'nf_conntrack 1 1 256'],
  ])('rejects %s', (_, text) => expect(parseSlabinfo(text)).toEqual(MALFORMED));
});

describe('the machine', () => {
  test.each([
    ['2.6.18-308.el5\n', 2, 6],
    ['3.10.0-1160.el7.x86_64', 3, 10],
    ['6.18.44', 6, 18],
    ['6.8.0-45-generic', 6, 8],
    ['5.19-rc1', 5, 19],
    ['10.0.0', 10, 0],
  ])('reads release %j', (text, major, minor) =>
    expect(parseRelease(text)).toEqual({ ok: true, value: { major, minor } }),
  );

  test.each(['', 'linux', '6', '6.', 'v6.1', '6.1234', '1234.1'])('rejects as a release: %j', (text) => {
    expect(parseRelease(text)).toEqual(MALFORMED);
  });

  test('reads MemTotal in KiB', () => {
    const text = 'MemTotal:        3905824 kB\nMemFree:          1 kB\n';
    expect(parseMemTotal(text)).toEqual({ ok: true, value: 3905824 * 1024 });
    expect(parseMemTotal(`        total:    used:\nMem:  1 2\n${text}`)).toEqual({ ok: true, value: 3905824 * 1024 });
  });

  test.each(['', 'MemTotal: 0 kB\n', 'MemTotal: -5 kB\n', 'MemTotal: 5\n', 'MemTotal: 5 kBs\n', 'xMemTotal: 5 kB\n'])(
    'rejects as MemTotal: %j',
    (text) => {
      expect(parseMemTotal(text)).toEqual(MALFORMED);
    },
  );
});

describe('available memory', () => {
  test.each([
    ['MemTotal: 9 kB\nMemFree: 5 kB\nMemAvailable: 7 kB\nBuffers: 1 kB\n', { bytes: 7168, exact: true }],
    ['MemTotal: 9 kB\nMemFree: 5 kB\nBuffers: 1 kB\nCached: 2 kB\n', { bytes: 8192, exact: false }],
    ['MemFree: 5 kB\nxCached: 2 kB\n', { bytes: 5120, exact: false }],
  ])('reads %j', (text, value) => expect(parseAvailable(text)).toEqual({ ok: true, value }));

  test('rejects text without any of them', () => expect(parseAvailable('MemTotal: 9 kB\n')).toEqual(MALFORMED));
});

describe('the page size: AT_PAGESZ (6) of the auxiliary vector', () => {
  function vector(write: (bytes: Buffer, value: bigint, at: number) => void, width: number, page: number): string {
    const words = [33, 140734, 16, 8192, 6, page];
    const bytes = Buffer.alloc(words.length * width);
    words.forEach((word, at) => void write(bytes, BigInt(word), at * width));
    return bytes.toString('latin1');
  }

  test.each<[string, (bytes: Buffer, value: bigint, at: number) => void, number]>([
    ['64 bits, little endian', (bytes, value, at) => bytes.writeBigUInt64LE(value, at), 8],
    ['64 bits, big endian', (bytes, value, at) => bytes.writeBigUInt64BE(value, at), 8],
    ['32 bits, little endian', (bytes, value, at) => bytes.writeUInt32LE(Number(value), at), 4],
    ['32 bits, big endian', (bytes, value, at) => bytes.writeUInt32BE(Number(value), at), 4],
  ])('%s', (_, write, width) => {
    expect(parseSizes(vector(write, width, 4096))).toEqual({ ok: true, value: { page: 4096, word: width } });
    expect(parseSizes(vector(write, width, 65536))).toEqual({ ok: true, value: { page: 65536, word: width } });
    expect(parseSizes(vector(write, width, 2 ** 18))).toEqual({ ok: true, value: { page: 2 ** 18, word: width } });
    expect(parseSizes(vector(write, width, 5000))).toEqual(MALFORMED);
    expect(parseSizes(vector(write, width, 2048))).toEqual(MALFORMED);
    expect(parseSizes(vector(write, width, 2 ** 19))).toEqual(MALFORMED);
  });

  test('empty', () => expect(parseSizes('')).toEqual(MALFORMED));
});

describe('listeners of /proc/net/netlink', () => {
  const HEADER = 'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n';
  const socket = (protocol: number, groups: string): string =>
    `0000000000000000 ${protocol.toString().padEnd(3)} 4242       ${groups} 0        0        0     2        0        1234    \n`;

  test.each([
    ['nobody', HEADER, false],
    ['netfilter, no groups', HEADER + socket(12, '00000000'), false],
    ['new', HEADER + socket(12, '00000001'), true],
    ['update and destroy', HEADER + socket(12, '00000006'), true],
    ['expectations only', HEADER + socket(12, '00000038'), false],
    ['another protocol, port 12', `${HEADER}0000000000000000 15  12 00000000 7 0\n`, false],
    ['another protocol', HEADER + socket(0, '00000007'), false],
    ['among other sockets', HEADER + socket(0, '00000001') + socket(12, '00000000') + socket(12, '00000007'), true],
    ['with a port of the kernel', `${HEADER}0000000000000000 12  -4242      00000001 0 0\n`, true],
  ])('%s', (_, text, value) => expect(parseEventListener(text)).toEqual({ ok: true, value }));

  test.each(['', 'secret\n', 'xsk Eth Pid Groups \n', 'sk Pid Eth Groups\n'])('rejects %j', (text) => {
    expect(parseEventListener(text)).toEqual(MALFORMED);
  });
});

test('never throws, and never returns the text that was read', () => {
  const parsers = [
    parseWholeNumber,
    parseStatistics,
    parseSlabinfo,
    parseRelease,
    parseMemTotal,
    parseSizes,
    parseEventListener,
  ];
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      for (const parse of [...parsers, parseToolStatistics]) {
        const parsed = parse(text);
        if (!parsed.ok) expect(parsed.detail ?? '').toMatch(/^\d*$/);
      }
    }),
  );
});
