// The rules of a namespace: each program runs once for every question, and none that would load a module.

import { describe, expect, test } from 'vitest';
import { children } from '#system/children';
import { ruleLists } from '../../../../src/kernel/rules/rule-lists.ts';
import { readDropRules, readNatRanges, readRuleBlocks } from '../../../../src/kernel/rules/rules.ts';
import type { Namespace } from '../../../../src/model/table.ts';
import { ok, otherTable, table } from '../../support/observation.ts';
import { type Files, rootOf } from '../../support/root.ts';
import { type Tools, withTools } from '../../support/tools.ts';

const NFT = '/usr/sbin/nft';
const TERSE = `${NFT} -t -a list ruleset`;
const FOREIGN = 'table ip filter {\n\tchain c {\n\t\txt match "conntrack" drop\n\t\txt target "MASQUERADE"\n\t}\n}\n';
const TABLES = { 'proc/net/ip_tables_names': 'nat\n', 'proc/net/ip6_tables_names': 'filter\n' };
const SAVES = ['iptables', 'ip6tables'].flatMap((name) => [
  `/usr/sbin/${name}-nft-save`,
  `/usr/sbin/${name}-legacy-save`,
]);
const LINKS = Object.fromEntries(
  SAVES.map((path) => [path, `/usr/sbin/xtables-${path.includes('-nft') ? 'nft' : 'legacy'}-multi`]),
);
const ALL: Tools = {
  [NFT]: FOREIGN,
  '/usr/bin/nsenter': '',
  ...Object.fromEntries(SAVES.map((path) => [path, '*nat\n'])),
};

function machine(tools: Tools, files: Files = TABLES, left = 1e6) {
  const lines = withTools(tools, 0, LINKS);
  return { root: { ...rootOf(files, { left: () => left, elapsed: () => 0 }), view: 'own' as const }, lines };
}

test('three questions run each program once', () => {
  const { root, lines } = machine(ALL);
  for (let round = 0; round < 2; round++) {
    expect(readRuleBlocks(root, table())).toEqual(ok('some', 'nft list ruleset'));
    expect(readDropRules(root, table())).toEqual([]);
    expect(readNatRanges(root, table())).toEqual(ok([], 'nft list ruleset'));
  }
  expect([...lines].sort()).toEqual([TERSE, ...SAVES.map((path) => `${path} -c`)].sort());
});

test('runs them again for another namespace, and for another observation', () => {
  const { root, lines } = machine(ALL, {});
  for (const namespace of [table(), otherTable(), otherTable(), table()]) readRuleBlocks(root, namespace);
  expect(lines).toEqual([TERSE, `/usr/bin/nsenter --net=${root.locate('/proc/7/ns/net')} ${TERSE}`]);
  readRuleBlocks({ ...root }, table());
  expect(lines).toHaveLength(3);
});

describe('nft before 0.9.3, which has no -t', () => {
  test.each(["nft: invalid option -- 't'\n", 'nft: unrecognized option: t\n'])('lists its sets too: %j', (stderr) => {
    const old = (option: string) => (option === '-t' ? { stderr, status: 1 } : 'oifname "eth0" masquerade\n');
    const { root, lines } = machine({ [NFT]: old }, {});
    expect(readRuleBlocks(root, table())).toEqual(ok('some', 'nft list ruleset'));
    expect(readNatRanges(root, table())).toEqual(ok([], 'nft list ruleset'));
    expect(lines).toEqual([TERSE, `${NFT} -a list ruleset`]);
  });

  test('is recognised by no other failure', () => {
    const { root, lines } = machine({ [NFT]: { stderr: 'Operation not permitted\n', status: 1 } }, {});
    expect(readRuleBlocks(root, table()).ok).toBe(false);
    expect(lines).toEqual([TERSE]);
  });
});

test.each([
  ['in a check, an eighth of the time left', 8000, 1000],
  ['in a report, five seconds', Number.POSITIVE_INFINITY, 5000],
])('the time limit of each program: %s', (_, left, milliseconds) => {
  const { root } = machine(ALL, {}, left);
  readRuleBlocks(root, table());
  expect(children.run).toHaveBeenCalledExactlyOnceWith(NFT, ['-t', '-a', 'list', 'ruleset'], {
    milliseconds,
    bytes: 1 << 22,
  });
});

describe('without a process in the namespace', () => {
  const MOUNTED: Namespace = otherTable({ pids: [], mount: { number: 8, path: '/run/netns/blue' } });
  const listed = (modules: string) => {
    const { root, lines } = machine(ALL, { 'proc/modules': modules });
    const lists = ruleLists(root, MOUNTED);
    if ('kind' in lists) throw new Error(lists.kind);
    return { lists: lists.legacy().map(({ list }) => list), run: lines.map((line) => line.replace(/^.*\//, '')) };
  };

  test('lists iptables tables if their module is loaded', () => {
    const { lists, run } = listed('nf_conntrack 1 0\nip_tables 1 0\n');
    expect(lists).toEqual([ok('*nat\n', 'iptables-legacy-save'), 'none']);
    expect(run).toEqual(['iptables-legacy-save -c']);
  });

  test('does not list them if they may be built in', () => {
    const { lists, run } = listed('x 1 0\n');
    expect(lists).toMatchObject(Array(2).fill({ ok: false, fault: { kind: 'would-load-module' } }));
    expect(run).toEqual([]);
  });
});

test.each<[string, Files, string | undefined]>([
  ['nf_tables is not loaded', { 'proc/modules': 'nf_conntrack 1 0\n' }, 'none'],
  ['nft is not installed', { 'proc/modules': 'nf_conntrack 1 0\nnf_tables 1 0\n' }, undefined],
])('without nft: %s', (_, files, blocks) => {
  const { root, lines } = machine({}, files);
  const reading = readRuleBlocks(root, table());
  expect(reading.ok ? reading.value : undefined).toBe(blocks);
  expect(lines).toEqual([]);
});
