// The programs that show which rules add a block to entries, the precedence of their answers, and the switches of
// another namespace.

import { describe, expect, test } from 'vitest';
import { readRuleBlocks } from '../../../../src/kernel/rules/rules.ts';
import { lookInside } from '../../../../src/kernel/table/extensions-inside.ts';
import type { Table } from '../../../../src/model/table.ts';
import { fault, observation, ok, otherTable, table } from '../../support/observation.ts';
import { type Files, rootOf } from '../../support/root.ts';
import { type Tools, withTools } from '../../support/tools.ts';

const NONE = 'table ip filter {\n}\n';
const SOME = 'oifname "eth0" masquerade\n';
const ALL = 'ct label set 1\n';
const SAVED_SOME = '-A POSTROUTING -j MASQUERADE\n';
const SAVED_ALL = '-A INPUT -m connlabel --label 1 -j ACCEPT\n';
const BOTH = { 'proc/modules': 'nf_conntrack 1 0\nnf_tables 1 0\n' };
const TABLES = { 'proc/net/ip_tables_names': 'filter\n' };
const TABLES6 = { 'proc/net/ip6_tables_names': 'filter\n' };
const NFT = '/usr/sbin/nft';
const FAILED = { stdout: SOME, status: 1 };

function blocksWith(tools: Tools, files: Files = BOTH, user = 0) {
  const lines = withTools(tools, user);
  const reading = readRuleBlocks({ ...rootOf(files), view: 'own' }, table());
  return { reading, lines };
}

describe('nft', () => {
  test.each([NFT, '/sbin/nft', '/usr/bin/nft'])('%s', (place) => {
    const { reading, lines } = blocksWith({ [place]: SOME });
    expect(reading).toEqual(ok('some', 'nft list ruleset'));
    expect(lines[lines.length - 1]).toBe(`${place} -t -a list ruleset`);
  });

  test('needs root', () => {
    expect(blocksWith({ [NFT]: SOME }, BOTH, 1000)).toEqual({
      reading: fault('denied', 'nft list ruleset'),
      lines: [],
    });
  });

  test('fails', () => {
    expect(blocksWith({ [NFT]: FAILED }).reading).toEqual({
      ok: false,
      fault: { kind: 'io', source: 'nft list ruleset', detail: 'exit status 1' },
    });
  });

  test.each<[string, Files, boolean]>([
    ['would be loaded', { 'proc/modules': 'nf_conntrack 1 0\nx 1 0 nf_tables 0x0\n' }, false],
    ['is loaded', BOTH, true],
    ['is in a kernel without modules', {}, true],
  ])('%s: runs %j', (_, files, isAsked) => {
    const { reading, lines } = blocksWith({ [NFT]: SOME }, files);
    expect(lines.length > 0).toBe(isAsked);
    expect(reading).toEqual(ok(isAsked ? 'some' : 'none', 'nft list ruleset'));
  });
});

describe('iptables-save, with tables outside nf_tables', () => {
  const SAVES = ['/usr/sbin/X-legacy-save', '/sbin/X-legacy-save', '/usr/sbin/X-save', '/sbin/X-save'];

  test.each(SAVES)('runs %s for each family', (place) => {
    for (const [name, files] of [
      ['iptables', TABLES],
      ['ip6tables', TABLES6],
    ] as const) {
      const { reading, lines } = blocksWith(
        { [NFT]: NONE, [place.replace('X', name)]: SAVED_SOME },
        { ...BOTH, ...files },
      );
      const path = place.replace('X', name);
      expect(reading).toEqual(ok('some', path.replace(/.*\//, '')));
      expect(lines[lines.length - 1]).toBe(`${path} -c`);
    }
  });

  test.each<[string, Files]>([
    ['no file of table names', {}],
    ['an empty file of table names', { 'proc/net/ip_tables_names': '', 'proc/net/ip6_tables_names': '' }],
  ])('does not run with %s', (_, files) => {
    const { reading, lines } = blocksWith({ [NFT]: NONE, '/sbin/iptables-save': SAVED_ALL }, { ...BOTH, ...files });
    expect(reading).toEqual(ok('none', 'nft list ruleset'));
    expect(lines).toHaveLength(1);
  });

  test('runs with a file that cannot be read', () => {
    const files = { ...BOTH, 'proc/net/ip_tables_names': 'x'.repeat((1 << 16) + 1) };
    expect(blocksWith({ [NFT]: NONE, '/sbin/iptables-save': SAVED_ALL }, files).reading).toMatchObject({
      value: 'all',
    });
  });
});

test.each<[string, Tools, Files, unknown]>([
  ['a block on every entry', { [NFT]: FAILED, '/sbin/iptables-save': SAVED_ALL }, TABLES, { value: 'all' }],
  [
    'a block on every entry, from either program',
    { [NFT]: ALL, '/sbin/iptables-save': FAILED },
    TABLES,
    { value: 'all' },
  ],
  ['then an unreadable list', { [NFT]: FAILED, '/sbin/iptables-save': SAVED_SOME }, TABLES, { fault: { kind: 'io' } }],
  [
    'then an unreadable list, from either program',
    { [NFT]: SOME, '/sbin/iptables-save': FAILED },
    TABLES,
    { fault: { kind: 'io' } },
  ],
  ['then a block on some entries', { [NFT]: SOME, '/sbin/iptables-save': '' }, TABLES, { value: 'some' }],
  ['also from IPv6 rules', { [NFT]: NONE, '/sbin/ip6tables-save': SAVED_SOME }, TABLES6, { value: 'some' }],
])('takes the most certain answer: %s', (_, tools, files, reading) => {
  expect(blocksWith(tools, { ...BOTH, ...files }).reading).toMatchObject(reading as object);
});

test.each([
  ['openvswitch', 'some'],
  ['act_ct', 'some'],
  ['xopenvswitch', 'none'],
  ['act_ctinfo', 'none'],
])('a switch that tracks connections itself: %s, %s', (module, reading) => {
  const files = { 'proc/modules': `${BOTH['proc/modules']}${module} 1 0\n` };
  expect(blocksWith({ [NFT]: NONE }, files).reading).toEqual(ok(reading, 'nft list ruleset'));
});

describe('inside another namespace', () => {
  const SWITCH = '/proc/sys/net/netfilter/nf_conntrack_';
  const PRINTED = `${SWITCH}acct:1\n${SWITCH}timestamp:0\n${SWITCH}events:x\n`;
  const TOOLS = { '/usr/bin/nsenter': '', '/bin/grep': PRINTED, [NFT]: NONE, '/sbin/ip6tables-save': SAVED_SOME };
  const OTHER = otherTable();
  const FILES_ASKED = ['acct', 'events', 'timestamp'].map((name) => SWITCH + name).join(' ');
  const FILES = {
    ...BOTH,
    'proc/7/net/ip6_tables_names': 'filter\n',
    ...Object.fromEntries(['acct', 'events', 'timestamp'].map((name) => [`${SWITCH.slice(1)}${name}`, '9\n'])),
  };

  function inside(tools: Tools, theirs: Table = OTHER, user = 0, view: 'own' | 'host' = 'own') {
    const lines = withTools(tools, user);
    const given = observation({ others: [otherTable({ key: 'net:9', pids: [9] }), theirs] });
    const root = rootOf(FILES);
    const observed = lookInside({ ...root, view }, given, theirs);
    const run = lines.map((line) => line.replace(root.locate(''), ''));
    return { lines: run, given, observed, extensions: observed.tables[2]?.extensions };
  }

  test('reads its switches as printed, and its rules', () => {
    const { extensions, lines, given, observed } = inside(TOOLS);
    expect(extensions).toEqual({
      ...OTHER.extensions,
      acct: ok(1, `${SWITCH}acct`),
      timestamp: ok(0, `${SWITCH}timestamp`),
      events: { ok: false, fault: { kind: 'not-a-number', source: `${SWITCH}events` } },
      rules: ok('some', 'ip6tables-save'),
    });
    const enter = '/usr/bin/nsenter --net=/proc/7/ns/net';
    expect(lines).toEqual([
      `${enter} /bin/grep -sH  ${FILES_ASKED}`,
      `${enter} ${NFT} -t -a list ruleset`,
      `${enter} /sbin/ip6tables-save -c`,
    ]);
    expect(observed.tables.slice(0, 2)).toEqual(given.tables.slice(0, 2));
  });

  test('treats a switch that is not printed as missing', () => {
    const { extensions } = inside({ ...TOOLS, '/bin/grep': `x${SWITCH}acct:1\n${SWITCH}timestamp:1\n` });
    expect(extensions).toMatchObject({
      acct: fault('missing', `${SWITCH}acct`),
      timestamp: ok(1, `${SWITCH}timestamp`),
    });
  });

  test('enters through its mount if no process is in it', () => {
    const mounted = otherTable({ pids: [], mount: { number: 8, path: '/run/netns/blue' } });
    const tools = { '/usr/bin/nsenter': '', '/usr/bin/grep': { stdout: PRINTED, status: 2 }, '/sbin/nft': SOME };
    const { lines, extensions } = inside(tools, mounted);
    expect(lines[0]).toBe(`/usr/bin/nsenter --net=/run/netns/blue /usr/bin/grep -sH  ${FILES_ASKED}`);
    expect(extensions).toMatchObject({ acct: { value: 1 }, rules: { value: 'some' } });
    expect(lines).toHaveLength(2);
  });

  test.each<[string, Parameters<typeof inside>]>([
    ['nsenter(1)', [{ '/bin/grep': PRINTED, [NFT]: NONE }]],
    ['grep(1)', [{ '/usr/bin/nsenter': '', [NFT]: NONE }]],
    ['any output', [{ ...TOOLS, '/bin/grep': '' }]],
    ['any way to enter it', [TOOLS, otherTable({ pids: [] })]],
    ['root', [TOOLS, OTHER, 1000]],
    ["the machine's own root", [TOOLS, OTHER, 0, 'host']],
  ])('is unchanged without %s', (_, given) => {
    const { observed, given: before } = inside(...given);
    expect(observed).toEqual(before);
  });

  test('ours is known already', () => {
    const lines = withTools(TOOLS);
    const given = observation({ others: [OTHER] });
    expect(lookInside({ ...rootOf(BOTH), view: 'own' }, given, given.tables[0])).toEqual(given);
    expect(lines).toEqual([]);
  });
});
