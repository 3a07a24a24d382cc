// When something beside a table points to a loss, how grave that is, and when nothing does.

import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../../../src/model/observation.ts';
import type { DropRule, InvalidHandling, StackCounters } from '../../../../../src/model/other-limits.ts';
import { diagnose } from '../../../../../src/report/diagnosis/diagnosis.ts';
import { leadsOf, mostInvalid, withLeads } from '../../../../../src/report/diagnosis/leads/leads.ts';
import { type Given, surroundings } from '../../../support/leads.ts';

const RULE: DropRule = { tool: 'nft', family: 'inet', table: 't', chain: 'c', handle: 5, packets: undefined };
const NO_RULE: InvalidHandling = { settings: {}, rules: [] };
const ONE_RULE: InvalidHandling = { settings: {}, rules: [RULE] };

function kinds(given: Given): readonly string[] {
  return leadsOf(surroundings(given)).map(({ state, kind }) => `${state} ${kind}`);
}

function invalid(before: number, after: number): NonNullable<Given['counters']> {
  return [{ invalid: before }, { invalid: after }];
}

test('nothing, and the verdict stays', () => {
  const found = surroundings({});
  expect(leadsOf(found)).toEqual([]);
  const diagnosis = diagnose(found.evaluation, undefined);
  expect(withLeads(diagnosis, [])).toBe(diagnosis);
  expect(diagnosis.trouble).toBe('none');
});

test('where nobody has looked elsewhere there is what the log tells', () => {
  const logged = [{ of: 'neighbours', lines: 1, ago: 5 }] as const;
  const { evaluation, before, log, handling } = surroundings({ logged });
  const blinded = ({ elsewhere: _, ...observation }: Observation): Observation => observation;
  const observation = blinded(evaluation.observation);
  const blind = { evaluation: { ...evaluation, observation }, before: blinded(before), handling };
  expect(leadsOf({ ...blind, log })).toMatchObject([{ kind: 'neighbours', cache: undefined }]);
  expect(leadsOf({ ...blind, log: undefined })).toEqual([]);
});

describe('invalid packets', () => {
  test.each<[string, Given, readonly string[]]>([
    ['two strays in a second', { counters: invalid(5, 7), handling: NO_RULE }, []],
    ['three', { counters: invalid(5, 8), handling: NO_RULE }, ['ok invalid']],
    ['three in three seconds', { counters: invalid(5, 8), seconds: 3, handling: NO_RULE }, ['ok invalid']],
    ['nobody knows what becomes of them', { counters: invalid(0, 500) }, []],
    [
      'ICMP errors, which ip_conntrack counts as invalid too (2.6.18, booted)',
      {
        counters: [
          { invalid: 4, icmp_error: 4 },
          { invalid: 21_004, icmp_error: 21_004 },
        ],
        generation: 'ip_conntrack',
        handling: NO_RULE,
      },
      [],
    ],
    [
      'ICMP errors since nf_conntrack, which counts them apart',
      {
        counters: [
          { invalid: 4, icmp_error: 4 },
          { invalid: 500, icmp_error: 500 },
        ],
        handling: NO_RULE,
      },
      ['ok invalid'],
    ],
    ['three in ten seconds', { counters: invalid(5, 8), seconds: 10, handling: NO_RULE }, []],
    ['many since boot, none now', { counters: invalid(5_000_000, 5_000_000), handling: ONE_RULE }, []],
    ['a rule drops them, of how many is not known', { counters: invalid(0, 500), handling: ONE_RULE }, ['ok invalid']],
    [
      'a rule drops one in a hundred of all packets',
      { counters: invalid(0, 500), stacks: [{ InReceives: 0 }, { InReceives: 50_000 }], handling: ONE_RULE },
      ['warning invalid'],
    ],
    [
      'a rule drops fewer, as on every machine',
      { counters: invalid(0, 500), stacks: [{ InReceives: 0 }, { InReceives: 51_000 }], handling: ONE_RULE },
      ['ok invalid'],
    ],
    [
      'half of all packets, and no rule drops them',
      { counters: invalid(0, 500), stacks: [{ InReceives: 0 }, { InReceives: 1000 }], handling: NO_RULE },
      ['ok invalid'],
    ],
    [
      'the rules could not be read',
      {
        counters: invalid(0, 500),
        stacks: [{ InReceives: 0 }, { InReceives: 1000 }],
        handling: { settings: {}, rules: undefined },
      },
      ['ok invalid'],
    ],
  ])('%s', (_, given, expected) => expect(kinds(given)).toEqual(expected));

  test('of the table that has the most, and how many of its packets', () => {
    const found = surroundings({
      counters: invalid(0, 100),
      theirs: [{ invalid: 0 }, { invalid: 900 }],
      seconds: 2,
      handling: NO_RULE,
    });
    expect(mostInvalid(found.evaluation)?.table.key).toBe('net:7');
    expect(found.evaluation.results.map(({ table }) => table.key)).toEqual(['own', 'net:7']);
    expect(leadsOf(found)).toMatchObject([
      { kind: 'invalid', perSecond: 450, share: undefined, table: { key: 'net:7' } },
    ]);
    const own = surroundings({
      counters: invalid(0, 100),
      stacks: [{ InReceives: 1000 }, { InReceives: 1400 }],
      handling: NO_RULE,
    });
    expect(leadsOf(own)).toMatchObject([{ share: 0.25 }]);
  });
});

test('more of them than packets that came in is all of them', () => {
  const more = { counters: invalid(0, 500), stacks: [{ InReceives: 0 }, { InReceives: 400 }] } as const;
  expect(leadsOf(surroundings({ ...more, handling: NO_RULE }))).toMatchObject([{ share: 1, perSecond: 500 }]);
});

describe('expected connections', () => {
  const at = (present: number): Given => ({
    expectMax: 256,
    elsewhere: [{}, { expectations: new Map([['own', present]]) }],
  });
  test.each<[string, Given, readonly string[]]>([
    ['below the limit', at(255), []],
    ['at the limit', at(256), ['warning expectations']],
    ['the limit is not known', { elsewhere: [{}, { expectations: new Map([['own', 256]]) }] }, []],
    ['no limit', { expectMax: 0, elsewhere: [{}, { expectations: new Map([['own', 0]]) }] }, []],
    ['nobody has counted them', { expectMax: 256 }, []],
    ['a line of a quarter of an hour ago', { logged: [{ of: 'expectations', lines: 3, ago: 900 }] }, []],
    ['a line of just now', { logged: [{ of: 'expectations', lines: 3, ago: 10 }] }, ['warning expectations']],
    ['a line of an hour ago', { logged: [{ of: 'expectations', lines: 3, ago: 3600 }] }, []],
  ])('%s', (_, given, expected) => expect(kinds(given)).toEqual(expected));

  test('of the table that has the most', () => {
    const logged = { of: 'expectations', lines: 3, ago: 10 } as const;
    const most = (own: number, other: number) =>
      leadsOf(
        surroundings({
          expectMax: 256,
          theirs: [{}, {}],
          logged: [{ of: 'neighbours', lines: 1, ago: 5 }, logged],
          elsewhere: [
            {},
            {
              expectations: new Map([
                ['own', own],
                ['net:7', other],
              ]),
            },
          ],
        }),
      ).filter(({ kind }) => kind === 'expectations');
    expect(most(3, 300)).toMatchObject([{ table: { key: 'net:7' }, present: 300, max: 256, logged }]);
    expect(most(300, 3)).toMatchObject([{ table: { key: 'own' }, present: 300 }]);
    expect(most(3, 5)).toMatchObject([{ table: undefined, present: 5, max: 256, logged }]);
  });

  test('a full table of connections is another matter', () => {
    expect(kinds({ entries: 1000 })).toEqual([]);
  });
});

describe('what the cloud and Open vSwitch limit', () => {
  const allowance = (...exceeded: readonly [number, number]): Given => ({
    elsewhere: [
      { allowances: [{ interface: 'ens5', exceeded: exceeded[0], available: 0 }] },
      { allowances: [{ interface: 'ens5', exceeded: exceeded[1], available: 0 }] },
    ],
  });
  const zone = (limit: number, entries: number): Given => ({
    elsewhere: [{}, { zones: [{ zone: 5, limit, entries }] }],
  });
  test.each<[string, Given, readonly string[]]>([
    ['packets dropped before, none now', allowance(900, 900), []],
    ['packets dropped now', allowance(900, 912), ['warning allowance']],
    ['a counter that began anew', allowance(900, 1), []],
    [
      'an interface that was not there before',
      { elsewhere: [{}, { allowances: [{ interface: 'ens6', exceeded: 9, available: 1 }] }] },
      [],
    ],
    ['a zone with room', zone(3, 2), []],
    ['a zone at its limit', zone(3, 3), ['warning zone']],
    ['a zone without a limit', zone(0, 3), []],
  ])('%s', (_, given, expected) => expect(kinds(given)).toEqual(expected));

  test('of each interface and zone by itself', () => {
    const [ens5, ens6] = [
      { interface: 'ens5', exceeded: 9, available: 0 },
      { interface: 'ens6', exceeded: 0, available: 0 },
    ];
    const zones = [
      { zone: 5, limit: 3, entries: 3 },
      { zone: 6, limit: 9, entries: 3 },
    ];
    const elsewhere = [{ allowances: [ens5, ens6] }, { allowances: [ens5, { ...ens6, exceeded: 8 }], zones }] as const;
    expect(leadsOf(surroundings({ elsewhere }))).toMatchObject([
      { kind: 'allowance', allowance: { interface: 'ens6' }, perSecond: 8 },
      { kind: 'zone', zone: { zone: 5 } },
    ]);
  });

  test('per second, over the real time', () => {
    expect(leadsOf(surroundings({ ...allowance(0, 12), seconds: 4 }))).toMatchObject([{ perSecond: 3 }]);
  });
});

describe('neighbours and sockets', () => {
  const cache = (...tableFulls: readonly number[]) => ({
    neighbours: [{ name: 'arp_cache', entries: 1024, tableFulls, limit: 1024 } as const],
  });
  test.each<[string, Given, readonly string[]]>([
    ['full before, not now', { elsewhere: [cache(7, 1), cache(7, 1)] }, []],
    ['full now', { elsewhere: [cache(7, 1), cache(7, 3)] }, ['warning neighbours']],
    ['a figure that wraps', { elsewhere: [cache(2 ** 32 - 1), cache(1)] }, ['warning neighbours']],
    ['a cache that was not there before', { elsewhere: [{}, cache(7)] }, []],
    ['another number of CPUs', { elsewhere: [cache(1), cache(1, 1)] }, []],
    ['in the log alone', { logged: [{ of: 'neighbours', lines: 1, ago: 5 }] }, ['warning neighbours']],
    [
      'in both: one lead',
      { elsewhere: [cache(1), cache(2)], logged: [{ of: 'neighbours', lines: 1, ago: 5 }] },
      ['warning neighbours'],
    ],
    ['accept queues that were full before', { stacks: [{ ListenOverflows: 9 }, { ListenOverflows: 9 }] }, []],
    [
      'an accept queue that is full: one lead for both counters',
      {
        stacks: [
          { ListenOverflows: 1, ListenDrops: 1 },
          { ListenOverflows: 9, ListenDrops: 9 },
        ],
      },
      ['warning listen'],
    ],
    [
      'attempts dropped for another reason',
      {
        stacks: [
          { ListenOverflows: 1, ListenDrops: 1 },
          { ListenOverflows: 1, ListenDrops: 9 },
        ],
      },
      ['warning listen'],
    ],
    ['a backlog that is full', { stacks: [{ TCPBacklogDrop: 1 }, { TCPBacklogDrop: 4 }] }, ['warning backlog']],
    ['datagrams that are not read', { stacks: [{ RcvbufErrors: 1 }, { RcvbufErrors: 4 }] }, ['warning udp']],
    [
      'the wrong interface',
      { stacks: [{ IPReversePathFilter: 1 }, { IPReversePathFilter: 4 }] },
      ['warning rp_filter'],
    ],
    ['a namespace that is new', { stacks: [{}, { ListenDrops: 4, TCPBacklogDrop: 4 }] }, []],
    ['one look', { seconds: 0, stacks: [{ TCPBacklogDrop: 1 }, { TCPBacklogDrop: 4 }] }, []],
  ])('%s', (_, given, expected) => expect(kinds(given)).toEqual(expected));
});

test('each cache of neighbours by itself, how often, and what was logged of it', () => {
  const caches = (arp: number, ndisc: number) => ({
    neighbours: [
      { name: 'arp_cache', entries: 9, tableFulls: [arp], limit: 1024 } as const,
      { name: 'ndisc_cache', entries: 9, tableFulls: [ndisc], limit: 1024 } as const,
    ],
  });
  const [now, before] = [
    { of: 'neighbours', lines: 1, ago: 5 },
    { of: 'neighbours', lines: 1, ago: 900 },
  ] as const;
  const told = (logged: NonNullable<Given['logged']>) =>
    leadsOf(surroundings({ seconds: 2, elsewhere: [caches(7, 1), caches(7, 5)], logged }));
  expect(told([now])).toMatchObject([{ cache: { name: 'ndisc_cache' }, perSecond: 2, logged: now }]);
  expect(told([before])).toMatchObject([{ perSecond: 2, logged: undefined }]);
  expect(leadsOf(surroundings({ logged: [now] }))).toMatchObject([{ cache: undefined, perSecond: 0, logged: now }]);
});

test('of sockets whoever loses most is first, each with its counter', () => {
  const stacks = (own: StackCounters, other: StackCounters) => ({
    stacks: new Map([
      ['own', own],
      ['net:7', other],
    ]),
  });
  const zero = { ListenOverflows: 0, ListenDrops: 0, TCPBacklogDrop: 0, RcvbufErrors: 0, IPReversePathFilter: 0 };
  const found = leadsOf(
    surroundings({
      seconds: 2,
      theirs: [{}, {}],
      elsewhere: [
        stacks(zero, zero),
        stacks(
          { ...zero, ListenDrops: 4, RcvbufErrors: 2, IPReversePathFilter: 2 },
          { ListenDrops: 8, TCPBacklogDrop: 2 },
        ),
      ],
    }),
  );
  expect(
    found.map((lead) => ('counter' in lead ? [lead.kind, lead.counter, lead.table.key, lead.perSecond] : [])),
  ).toEqual([
    ['rp_filter', 'IPReversePathFilter', 'own', 1],
    ['listen', 'ListenDrops', 'net:7', 4],
    ['listen', 'ListenDrops', 'own', 2],
    ['backlog', 'TCPBacklogDrop', 'net:7', 1],
    ['udp', 'RcvbufErrors', 'own', 1],
  ]);
});

test('a full accept queue is told by its own counter', () => {
  const stacks = [
    { ListenOverflows: 1, ListenDrops: 1 },
    { ListenOverflows: 3, ListenDrops: 9 },
  ] as const;
  expect(leadsOf(surroundings({ stacks }))).toMatchObject([{ counter: 'ListenOverflows', perSecond: 2 }]);
});

describe('what the verdict becomes', () => {
  const LOGGED: NonNullable<Given['logged']> = [{ of: 'expectations', lines: 1, ago: 5 }];

  test('the gravest first, then what happens now', () => {
    const given: Given = {
      counters: invalid(0, 50),
      handling: NO_RULE,
      logged: LOGGED,
      stacks: [{ TCPBacklogDrop: 1 }, { TCPBacklogDrop: 4 }],
    };
    expect(kinds(given)).toEqual(['warning backlog', 'warning expectations', 'ok invalid']);
    const before = [{ of: 'neighbours', lines: 1, ago: 5 }] as const;
    expect(kinds({ ...given, logged: before })).toEqual(['warning backlog', 'warning neighbours', 'ok invalid']);
  });

  test.each<[string, Given, string, string]>([
    ['a loss that a counter proves', { logged: LOGGED }, 'warning', 'elsewhere'],
    ['a lead alone', { counters: invalid(0, 50), handling: NO_RULE }, 'ok', 'elsewhere'],
    ['a full table is told first', { entries: 1000, logged: LOGGED }, 'critical', 'full'],
  ])('%s', (_, given, state, trouble) => {
    const found = surroundings(given);
    expect(withLeads(diagnose(found.evaluation, undefined), leadsOf(found))).toMatchObject({ state, trouble });
  });
});
