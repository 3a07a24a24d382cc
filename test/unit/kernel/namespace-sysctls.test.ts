// Sysctls in force in a namespace: ours from the files, another's from a process that prints them inside of it.

import { mkdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseSysctls, placeOf, readSysctls } from '../../../src/kernel/namespace-sysctls.ts';
import { readTimeouts } from '../../../src/kernel/timeouts.ts';
import { otherTable, table } from '../support/observation.ts';
import { type Files, rootOf } from '../support/root.ts';
import { type Tools, withTools } from '../support/tools.ts';

const FOLDER = 'proc/sys/net/netfilter';
const FILES: Files = {
  [`${FOLDER}/nf_conntrack_udp_timeout`]: '30\n',
  [`${FOLDER}/nf_conntrack_checksum`]: '1\n',
  [`${FOLDER}/nf_conntrack_max`]: 'many\n',
  [`${FOLDER}/ip_conntrack_checksum`]: '7\n',
};
const MOUNT = { number: 8, path: '/run/netns/blue' };
const own = (files = FILES) => ({ ...rootOf(files), view: 'own' as const });

describe('ours', () => {
  test('those that are wanted, and can be read', () => {
    const lines = withTools({});
    expect([...readSysctls(own(), 'nf_conntrack', table(), () => true)]).toEqual([
      ['checksum', 1],
      ['udp_timeout', 30],
    ]);
    const wanted = readSysctls(own(), 'nf_conntrack', table(), (name) => name === 'nf_conntrack_checksum');
    expect([...wanted]).toEqual([['checksum', 1]]);
    expect(lines).toEqual([]);
  });

  test('none where there is no such folder', () => {
    expect(readSysctls(own({}), 'nf_conntrack', table(), () => true).size).toBe(0);
  });
});

describe('what stands for a namespace', () => {
  test.each([
    ['ours: its sysctls are those that we see', table(), undefined],
    ['its first process', otherTable({ pids: [7, 9], mount: MOUNT }), '/proc/7/ns/net'],
    ['its mount', otherTable({ pids: [], mount: MOUNT }), '/run/netns/blue'],
    ['nothing', otherTable({ pids: [] }), ''],
  ])('%s', (_, namespace, place) => expect(placeOf(own(), namespace)).toBe(place));

  test("the host's first process, where the host's namespace is not ours", () => {
    const root = rootOf({ 'proc/1/net/stat': (path) => void mkdirSync(path) });
    expect(placeOf({ ...root, view: 'host' }, table())).toBe('/proc/1/ns/net');
    // Whether it is cannot be told without it.
    expect(placeOf({ ...rootOf({}), view: 'host' }, table())).toBe('/proc/1/ns/net');
  });
});

describe("another's", () => {
  const PRINTED = `/${FOLDER}/nf_conntrack_checksum:0\n/${FOLDER}/nf_conntrack_udp_timeout:31\n`;
  const asked = (tools: Tools, { user = 0, files = FILES, namespace = otherTable() } = {}) => {
    const lines = withTools(tools, user);
    const root = own(files);
    const found = [...readSysctls(root, 'nf_conntrack', namespace, (name) => !name.endsWith('_max'))];
    return { found, lines: lines.map((line) => line.replace(root.locate(''), '')), attempts: root.attempts };
  };
  const FOUND = [
    ['checksum', 0],
    ['udp_timeout', 31],
  ];

  test.each(['/bin/grep', '/usr/bin/grep'])('printed by %s inside of it', (printer) => {
    const { found, lines, attempts } = asked({ '/usr/bin/nsenter': '', [printer]: PRINTED });
    expect(found).toEqual(FOUND);
    const paths = ['checksum', 'udp_timeout'].map((name) => `/${FOLDER}/nf_conntrack_${name}`);
    expect(lines).toEqual([`/usr/bin/nsenter --net=/proc/7/ns/net ${printer} -s  ${paths.join(' ')}`]);
    expect(attempts).toMatchObject([{ source: expect.stringMatching(/^nsenter --net=\/.*\/proc\/7\/ns\/net$/) }]);
  });

  test('also where some of them are not there', () => {
    expect(asked({ '/usr/bin/nsenter': '', '/bin/grep': { stdout: PRINTED, status: 2 } }).found).toEqual(FOUND);
  });

  test.each<[string, Parameters<typeof asked>]>([
    ['by somebody else than root', [{ '/usr/bin/nsenter': '', '/bin/grep': PRINTED }, { user: 1000 }]],
    ['without nsenter(1)', [{ '/bin/grep': PRINTED }]],
    ['without grep(1)', [{ '/usr/bin/nsenter': '' }]],
    ['of no file', [{ '/usr/bin/nsenter': '', '/bin/grep': PRINTED }, { files: { [`${FOLDER}/x`]: '' } }]],
    [
      'of a namespace that nothing leads to',
      [{ '/usr/bin/nsenter': '', '/bin/grep': PRINTED }, { namespace: otherTable({ pids: [] }) }],
    ],
  ])('not asked for %s', (_, given) => {
    expect(asked(...given)).toMatchObject({ found: [], lines: [] });
  });

  test('none where there is no more time', () => {
    withTools({ '/usr/bin/nsenter': '', '/bin/grep': PRINTED });
    const root = { ...own(), expired: () => ({ kind: 'timeout', source: 'x' }) as const };
    expect(readSysctls(root, 'nf_conntrack', otherTable(), () => true).size).toBe(0);
  });

  test('timeouts among them', () => {
    const lines = withTools({ '/usr/bin/nsenter': '', '/bin/grep': (...args) => `${args[args.length - 1]}:33\n` });
    expect([...readTimeouts(own(), 'nf_conntrack', otherTable())]).toEqual([['udp_timeout', 33]]);
    expect(lines).toHaveLength(1);
  });
});

test.each([
  ['/x/nf_conntrack_a:123456789', [['a', 123456789]]],
  ['/x/nf_conntrack_a:1234567890', []],
  ['/x/nf_conntrack_a:1 2', []],
  ['/x/nf_conntrack_a:', []],
  ['/x/nf_conntrack_a: 1', []],
  ['/x/nf_other_a:1', []],
])('printed: %j', (text, found) => expect([...parseSysctls(text)]).toEqual(found));
