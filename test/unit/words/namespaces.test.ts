// All namespaces as text: the worst first, its owner, and how much of the machine was visible.

import { describe, expect, test } from 'vitest';
import { perfdataOf } from '../../../src/check/perfdata.ts';
import type { Reading } from '../../../src/model/fault.ts';
import type { Visibility } from '../../../src/model/observation.ts';
import type { History } from '../../../src/model/sample.ts';
import type { Identity, Table, UnreadTable } from '../../../src/model/table.ts';
import { everywhereDetails, everywhereText } from '../../../src/words/namespaces.ts';
import { evaluated } from '../support/checks.ts';
import { ALL, type Changes, counted, ok, otherTable, table, unreadTable } from '../support/observation.ts';

interface Case extends Omit<Changes, 'visibility'> {
  readonly visibility?: 'unknown';
  /** The history of our own table. */
  readonly own?: Reading<History>;
  readonly identities?: Readonly<Record<string, Identity>>;
  readonly sight?: Partial<Visibility>;
  readonly argv?: readonly string[];
  /** Packets dropped per namespace in the last 60 s. */
  readonly lost?: Readonly<Record<string, number>>;
}

function namespace(key: string, entries: number, drop = 0): Table {
  return otherTable({ key, entries, statistics: counted({ drop }) });
}

function denied(key: string): UnreadTable {
  return unreadTable({ key, fault: { kind: 'denied', source: '/proc/x' } });
}

function someone(command: string, pid: number, container?: Identity['container']): Identity {
  return { process: { pid, command }, container };
}

function told({ identities = {}, sight = {}, argv = [], lost = {}, others = [], own, visibility, ...changes }: Case) {
  const look = {
    statistics: ok({ cpus: [] }),
    ...changes,
    others: others.map((table) => dropping(table, lost[table.key])),
    visibility: visibility === undefined ? ok({ ...ALL, ...sight }) : undefined,
    clock: ok({ boot: 'boot', uptime: 160 }),
  };
  const theirs = others.map((other) => [other.key, minuteAgo(other)] as const);
  const histories = new Map([...theirs, ...(own === undefined ? [] : [['own', own] as const])]);
  const evaluation = evaluated(look, ['--netns', 'all', ...argv], histories);
  const found = { evaluation, identities: new Map(Object.entries(identities)) };
  return {
    state: evaluation.state,
    text: everywhereText(found),
    details: everywhereDetails(found),
    perfdata: perfdataOf(evaluation.results[0]),
  };
}

function dropping(table: Table, events: number | undefined): Table {
  return events === undefined ? table : { ...table, statistics: counted({ drop: events }) };
}

function minuteAgo({ entries, statistics }: Table): Reading<History> {
  const cpus = statistics.ok ? statistics.value.cpus : [];
  return ok({ past: [{ uptime: 100, entries, cpus }], window: 300 });
}

const ENVOY = { 'net:1': someone('envoy', 12994, { kind: 'pod', id: '3f2a' }) };

describe('line 1', () => {
  test.each<[string, Case, string, string]>([
    ['no other namespace', {}, 'ok', '100 of 1000 entries (10.0%) here, 1 namespace, 252.0 KiB slab if full'],
    [
      'emptier namespaces are counted',
      { others: [namespace('net:1', 40)] },
      'ok',
      '100 of 1000 entries (10.0%) here, 2 namespaces, 252.0 KiB slab if full',
    ],
    [
      'the fullest is named',
      { others: [namespace('net:2', 5), namespace('net:1', 400)], identities: ENVOY },
      'ok',
      '100 of 1000 entries (10.0%) here, 400 (40.0%) in namespace of envoy (pid 12994, pod 3f2a), 3 namespaces, 252.0 KiB slab if full',
    ],
    [
      'a full namespace',
      { others: [namespace('net:2', 5), namespace('net:1', 1000)], identities: ENVOY },
      'critical',
      'namespace of envoy (pid 12994, pod 3f2a) is full: 1000 of 1000; here 100 (10.0%), 3 namespaces',
    ],
    [
      'a filling namespace',
      { others: [namespace('net:1', 850)], identities: ENVOY },
      'warning',
      'namespace of envoy (pid 12994, pod 3f2a): 850 of 1000 entries (85.0%); here 100 (10.0%), 2 namespaces',
    ],
    [
      'losses in a full namespace',
      { others: [namespace('net:1', 1000)], identities: ENVOY, lost: { 'net:1': 1204 } },
      'critical',
      'namespace of envoy (pid 12994, pod 3f2a) is full: 1000 of 1000, 1204 packets dropped in the last 60 s; here 100 (10.0%), 2 namespaces',
    ],
    [
      'losses without a threshold',
      { others: [namespace('net:1', 4)], identities: ENVOY, lost: { 'net:1': 1 } },
      'ok',
      'namespace of envoy (pid 12994, pod 3f2a): 1 packet dropped in the last 60 s; here 100 (10.0%), 2 namespaces',
    ],
    [
      'a rate',
      { others: [namespace('net:1', 4)], identities: ENVOY, lost: { 'net:1': 60 }, argv: ['-w', 'drop_rate=0.5'] },
      'warning',
      'namespace of envoy (pid 12994, pod 3f2a): 60 packets dropped in the last 60 s; here 100 (10.0%), 2 namespaces',
    ],
    [
      'usage, then a counter',
      { others: [namespace('net:1', 850, 7)], identities: ENVOY, argv: ['-c', 'drop=0'] },
      'critical',
      'namespace of envoy (pid 12994, pod 3f2a): 850 of 1000 entries (85.0%), drop 7 is above 0; here 100 (10.0%), 2 namespaces',
    ],
    [
      'the worst first, here or elsewhere',
      { entries: 950, others: [namespace('net:1', 850)], identities: ENVOY },
      'critical',
      '950 of 1000 entries (95.0%) here; namespace of envoy (pid 12994, pod 3f2a): 850 of 1000 entries (85.0%); 2 namespaces',
    ],
    [
      'the fullest first in the same state',
      { entries: 810, others: [namespace('net:1', 850)], identities: ENVOY },
      'warning',
      'namespace of envoy (pid 12994, pod 3f2a): 850 of 1000 entries (85.0%); 810 of 1000 entries (81.0%) here; 2 namespaces',
    ],
    [
      'an unread namespace is UNKNOWN, after a critical one',
      { others: [namespace('net:1', 950)], unread: [unreadTable()], identities: ENVOY },
      'critical',
      'namespace of envoy (pid 12994, pod 3f2a): 950 of 1000 entries (95.0%); 1 of 3 namespaces not read: cannot read /proc/x: no such file; here 100 (10.0%), 3 namespaces',
    ],
    [
      'an unread namespace comes before a warning',
      { others: [namespace('net:1', 850)], unread: [unreadTable()], identities: ENVOY },
      'unknown',
      '1 of 3 namespaces not read: cannot read /proc/x: no such file; namespace of envoy (pid 12994, pod 3f2a): 850 of 1000 entries (85.0%); here 100 (10.0%), 3 namespaces',
    ],
    [
      'outside the initial namespace',
      { isInitial: false, others: [namespace('net:1', 850)], identities: ENVOY },
      'warning',
      'namespace of envoy (pid 12994, pod 3f2a): 850 of 1000 entries (85.0%); 100 of 1000 entries (10.0%) in this network namespace, 2 namespaces',
    ],
    [
      'no limit',
      { limit: 0, others: [{ ...namespace('net:1', 850), limit: 0 }], identities: ENVOY },
      'ok',
      '100 entries here, no limit set, 850 in namespace of envoy (pid 12994, pod 3f2a), 2 namespaces',
    ],
    [
      'a threshold on a machine-wide metric is judged once',
      { others: [namespace('net:1', 4)], argv: ['-w', 'slab_max=1GiB', '-w', 'load_factor=99'] },
      'ok',
      '100 of 1000 entries (10.0%) here, 2 namespaces, 252.0 KiB slab if full',
    ],
  ])('%s', (_, given, state, text) => expect(told(given)).toMatchObject({ state, text }));

  test('three are named, the others are counted', () => {
    const others = [910, 990, 950, 930, 920].map((entries, at) => namespace(`net:${at}`, entries));
    const identities = Object.fromEntries(others.map(({ key }, at) => [key, someone('app', at)]));
    expect(told({ others, identities }).text).toBe(
      'namespace of app (pid 1): 990 of 1000 entries (99.0%); namespace of app (pid 2): 950 of 1000 entries (95.0%); ' +
        'namespace of app (pid 3): 930 of 1000 entries (93.0%); the same in 2 more namespaces; here 100 (10.0%), 6 namespaces',
    );
  });

  test.each<[string, Partial<Visibility>, string]>([
    ['mounts that may not be entered', { mounts: 2, atLeast: 4 }, ' 2 of at least 4 namespaces,'],
    ['mounts that may be namespaces already found', { mounts: 1, atLeast: 2 }, ' 2 of at least 2 namespaces,'],
    ['mounts that cannot be read', { mountsKnown: false, atLeast: 2 }, ' 2 of at least 2 namespaces,'],
    ['hidden processes', { processes: 'own', hidepid: 'hidepid=2' }, ' 2 namespaces, own processes only,'],
    [
      'hidden processes and mounts',
      { processes: 'own', mounts: 3, atLeast: 5 },
      ' 2 of at least 5 namespaces, own processes only,',
    ],
    ['a container', { processes: 'container' }, ' 2 namespaces, all that this container can see,'],
  ])('an incomplete view is printed as such: %s', (_, sight, words) => {
    expect(told({ others: [namespace('net:1', 4)], sight }).text).toContain(words);
  });

  test('--partial makes an incomplete view a finding', () => {
    const found = told({
      argv: ['--partial', 'warning'],
      sight: { processes: 'own' },
      others: [namespace('net:1', 4)],
    });
    expect([found.state, found.text]).toEqual([
      'warning',
      'not every namespace is visible; 100 of 1000 entries (10.0%) here; 2 namespaces, own processes only',
    ]);
    const full = told({ argv: ['--partial', 'warning'], sight: { mounts: 1 }, others: [namespace('net:1', 950)] });
    expect([full.state, full.text]).toEqual([
      'critical',
      expect.stringMatching(/^namespace net:1 .*; not every namespace is visible; /),
    ]);
  });

  test.each<[string, Partial<Table>, Identity | undefined, string]>([
    [
      'a mount of ip-netns',
      { mount: { number: 9, path: '/run/netns/blue' } },
      undefined,
      'namespace blue (no process)',
    ],
    [
      'another mount',
      { mount: { number: 9, path: '/run/docker/netns/1a' } },
      undefined,
      'namespace /run/docker/netns/1a (no process)',
    ],
    [
      'processes that have just exited',
      { number: 9 },
      { process: undefined, container: undefined },
      'namespace 9 (no process)',
    ],
    [
      'a name and a process',
      { mount: { number: 9, path: '/var/run/netns/blue' } },
      someone('nginx', 3),
      'namespace of nginx (pid 3, netns blue)',
    ],
    [
      'hostile names',
      { mount: { number: 9, path: '/run/netns/a|b' } },
      someone('x|y\n\u001b', 3, { kind: 'container', id: 'z;' }),
      'namespace of x?y?? (pid 3, container z?, netns a?b)',
    ],
  ])('named by %s', (_, changes, identity, words) => {
    const others = [{ ...namespace('net:1', 850), ...changes }];
    const { text } = told({ others, identities: identity === undefined ? {} : { 'net:1': identity } });
    expect(text).toContain(`${words}: 850 of 1000 entries`);
  });
});

test('perfdata: this table, the slab of all, the fullest, and the count', () => {
  const others = [namespace('net:1', 850), namespace('net:3', 60)];
  const data = told({ others, unread: [denied('net:2')] }).perfdata;
  expect(data).toContain('entries=100;800;900;0;1000');
  // (100 + 850 + 60) / 16 objects in a slab of 4096 bytes.
  expect(data).toContain('slab=262144B;;;0');
  expect(data).toContain('netns_usage=85%;80;90;0;100');
  expect(data).toContain('netns_count=4;;;0');
});

test('the long output lists the ten fullest, the unread ones, and the memory if every table is full', () => {
  const others = Array.from({ length: 12 }, (_, at) => namespace(`net:${at}`, at, at));
  const unread = [denied('net:x')];
  const identities = Object.fromEntries([...others, ...unread].map(({ key }) => [key, someone(key.slice(4), 1)]));
  const { details } = told({ others, unread, identities, sight: { mounts: 2, atLeast: 16 } });
  expect(details.slice(0, 4)).toEqual([
    'found: 14 of at least 16 namespaces',
    '2 namespaces are mounted; those without a process were not read (root can)',
    'namespace of 11 (pid 1): 11 entries (1.1%), drop 11',
    'namespace of 10 (pid 1): 10 entries (1.0%), drop 10',
  ]);
  expect(details.slice(-3)).toEqual([
    'namespace of 2 (pid 1): 2 entries (0.2%), drop 2',
    'not read: namespace of x (pid 1): cannot read /proc/x: permission denied',
    'memory if every namespace fills its table: 14 x 252.0 KiB = 3.4 MiB',
  ]);
});

describe('line 1 with findings', () => {
  const lossOf = (drop: number) => ({
    statistics: counted({ drop }),
    others: [namespace('net:1', 850)],
    identities: ENVOY,
    own: minuteAgo(table({ statistics: counted() })),
  });

  test('losses here are printed in full', () => {
    expect(told(lossOf(3)).text).toBe(
      'namespace of envoy (pid 12994, pod 3f2a): 850 of 1000 entries (85.0%); ' +
        '100 of 1000 entries (10.0%) here, 3 packets dropped in the last 60 s, 2 namespaces',
    );
  });

  test('without a limit no share is printed', () => {
    const others = [{ ...namespace('net:1', 850), limit: 0 }];
    expect(told({ limit: 0, others, identities: ENVOY, argv: ['-c', 'entries=800'] }).text).toBe(
      'namespace of envoy (pid 12994, pod 3f2a): entries 850 is above 800; ' +
        '100 entries here, no limit set, 2 namespaces',
    );
  });

  test('several findings here', () => {
    const { text } = told({ entries: 850, statistics: counted({ drop: 1 }), argv: ['-w', 'drop=0'] });
    expect(text).toBe('850 of 1000 entries (85.0%) here; drop 1 is above 0; 1 namespace');
  });

  test('one namespace more than can be named', () => {
    const others = [810, 820, 830, 840].map((entries, at) => namespace(`net:${at}`, entries));
    expect(told({ others }).text).toContain('; the same in 1 more namespace; ');
  });

  test('a namespace as full as ours is not named', () => {
    expect(told({ others: [namespace('net:1', 100)], identities: ENVOY }).text).not.toContain('envoy');
  });

  test('this table alone, if the number of namespaces is unknown', () => {
    expect(told({ visibility: 'unknown' }).text).toContain('this table alone');
    expect(told({ visibility: 'unknown' }).details).toContain('found: this table alone');
  });

  test('one namespace of at least one', () => {
    expect(told({ sight: { mountsKnown: false, atLeast: 1 } }).text).toContain('1 of at least 1 namespaces');
  });
});

describe('the long output', () => {
  test.each<[string, Partial<Visibility>, readonly string[]]>([
    ['all are visible', {}, []],
    [
      'hidepid',
      { processes: 'own', hidepid: 'hidepid=2' },
      ['there may be other namespaces: /proc is mounted with hidepid=2 (root sees all)'],
    ],
    [
      'a security module',
      { processes: 'own' },
      ['there may be other namespaces: some processes do not show their namespace (root sees all)'],
    ],
    [
      'a /proc that may not be listed',
      { processes: 'own', listed: false, hidepid: 'hidepid=2' },
      ['there may be other namespaces: /proc cannot be listed (root sees all)'],
    ],
    ['a container', { processes: 'container' }, ['there may be other namespaces, outside this PID namespace']],
    ['one mount', { mounts: 1 }, ['1 namespace is mounted; those without a process were not read (root can)']],
    [
      'no mounts',
      { mountsKnown: false },
      ['there may be namespaces without a process: the mounts cannot be read (root can)'],
    ],
  ])('namespaces that may exist unseen: %s', (_, sight, lines) => {
    const { details } = told({ sight });
    expect(details.slice(1)).toEqual(lines);
  });

  test('each namespace with its number, and its relevant counters', () => {
    const others = [
      otherTable({ number: 7, statistics: counted({ early_drop: 3, chainlength: 1 }) }),
      otherTable({ key: 'net:9', entries: 1, limit: 0, statistics: { ok: false, fault: unreadTable().fault } }),
    ];
    expect(told({ others, limit: 0 }).details.slice(1)).toEqual([
      'namespace net:7 (no process), net:[7]: 100 entries (10.0%), drop 0, early_drop 3, chainlength 1'.replace(
        'net:7 (',
        '7 (',
      ),
      'namespace net:9 (no process): 1 entries, no counters',
    ]);
  });

  test('at most ten unread namespaces', () => {
    const unread = Array.from({ length: 12 }, (_, at) => denied(`net:${at}`));
    expect(told({ unread }).details.filter((line) => line.startsWith('not read: '))).toHaveLength(10);
  });
});
