// The printed undo, typed after the printed commands, leaves the machine as it was before.

import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { FilterChain } from '../../../../src/model/filter-chain.ts';
import type { Advice } from '../../../../src/report/advice/advice.ts';
import { type WithStep, withStep } from '../../../../src/report/advice/advice-row.ts';
import { culpritStep } from '../../../../src/report/advice/culprit-rows.ts';
import { type CulpritAdvice, culpritAdvice } from '../../../../src/report/advice/culprits.ts';
import type { Context } from '../../../../src/report/advice/step.ts';
import { adviceLines } from '../../../../src/report/advice/steps.ts';
import { PLAIN } from '../../../../src/report/palette.ts';
import { editsUndone } from '../../../../src/words/edit-words.ts';
import { times as flows, holdings } from '../../support/entries.ts';
import { type Line, listed, NO_SSH, ownOf, times } from '../../support/listed.ts';
import { counted, observation, ok, otherTable, table } from '../../support/observation.ts';
import { adviceOf, findingsOf, wanted } from '../../support/reports.ts';

const KERNELS = [
  [2, 6],
  [3, 10],
  [3, 13],
  [4, 8],
  [4, 17],
  [5, 2],
  [6, 18],
] as const;
const PLACES = {
  here: table(),
  'in a named namespace': otherTable({ mount: { number: 7, path: '/run/netns/web' } }),
  'in the namespace of a process': otherTable({ pids: [4711] }),
} as const;
const PREFIXES = {
  here: '',
  'in a named namespace': 'ip netns exec web ',
  'in the namespace of a process': 'nsenter -t 4711 -n ',
};
const SYSCTLS = {
  'net.netfilter.nf_conntrack_max': '1000',
  'net.netfilter.nf_conntrack_tcp_loose': '1',
  'net.netfilter.nf_conntrack_udp_timeout': '30',
  'net.netfilter.nf_conntrack_tcp_timeout_time_wait': '120',
  'net.netfilter.nf_conntrack_tcp_timeout_established': '432000',
  hashsize: '500',
};

/** The state of a machine that the commands may change. */
interface Changed {
  readonly tables: Set<string>;
  readonly rules: string[];
  readonly values: Map<string, string>;
}

function machine(): Changed {
  return { tables: new Set(), rules: [], values: new Map(Object.entries(SYSCTLS)) };
}

type Typed = (at: Changed, ...words: readonly string[]) => void;

const COMMANDS: readonly (readonly [RegExp, Typed])[] = [
  [/^nft add table (inet \w+)$/, ({ tables }, name = '') => void tables.add(name)],
  [/^nft '?add (?:chain|set|rule) (inet \w+) .+/, ({ tables }, name = '') => expect(tables).toContain(name)],
  [/^nft delete table (inet \w+)$/, ({ tables }, name = '') => expect(tables.delete(name), name).toBe(true)],
  [/^(ip6?tables\S* -t \w+) -I (.+)$/, ({ rules }, where, rule) => void rules.push(`${where} ${rule}`)],
  [
    /^(ip6?tables\S* -t \w+) -D (.+)$/,
    ({ rules }, where, rule) => {
      expect(rules).toContain(`${where} ${rule}`);
      rules.splice(rules.indexOf(`${where} ${rule}`), 1);
    },
  ],
  [
    /^nft 'insert rule (\w+ \w+ \w+) .* accept comment "(\w+)"'$/,
    ({ rules }, chain, name) => void rules.push(`${chain} ${name}`),
  ],
  [
    /^nft -a list chain (\w+ \w+ \w+) \| sed -n 's\/\.\*"(\w+)" # handle\/delete rule \1 handle\/p' \| (.*)nft -f -$/,
    ({ rules }, chain, name, enter) => {
      expect(enter).toBe('');
      expect(rules).toContain(`${chain} ${name}`);
      rules.splice(0, rules.length, ...rules.filter((rule) => rule !== `${chain} ${name}`));
    },
  ],
  [/^sysctl -w (\S+)=(\d+)$/, ({ values }, name = '', value = '') => void values.set(name, value)],
  [
    /^echo (\d+) > \/sys\/module\/nf_conntrack\/parameters\/(hashsize)$/,
    ({ values }, value = '', name = '') => void values.set(name, value),
  ],
  [/^(?:conntrack -D .+ >\/dev\/null|conntrack -[SL].*|ss .+)$/, () => undefined],
];

function type(at: Changed, prefix: string, lines: readonly string[]): void {
  for (const line of lines) {
    const isGlobal = /_max=|hashsize/.test(line);
    expect(isGlobal || line.startsWith(prefix), line).toBe(true);
    // Each part of a pipe runs in the namespace.
    const bare = isGlobal ? line : line.slice(prefix.length).replace(`| ${prefix}nft`, '| nft');
    const known = COMMANDS.find(([pattern]) => pattern.test(bare));
    if (known === undefined) throw new Error(`unknown command: ${line}`);
    known[1](at, ...(known[0].exec(bare)?.slice(1) ?? []));
  }
}

/** Types the lines as a shell runs them: a failed command does not stop it. */
function typeOn(at: Changed, prefix: string, lines: readonly string[]): void {
  for (const line of lines) {
    try {
      type(at, prefix, [line]);
    } catch {
      // A failed command changes nothing.
    }
  }
}

function contextOf(release: readonly [number, number], subject: Context['subject']): Context {
  const [major, minor] = release;
  return { observation: observation({ release: ok({ major, minor }) }), subject };
}

const CHAINS: readonly FilterChain[] = [
  { tool: 'nft', family: 'inet', table: 'filter', chain: 'input', hook: 'input', isOwned: false },
  { tool: 'iptables-legacy', family: '', table: 'filter', chain: 'INPUT', hook: 'input', isOwned: false },
];
const UDP = { protocol: 'udp', flag: 'UNREPLIED', port: 53, left: 29 } as const;
const SYN = { state: 'SYN_SENT', flag: 'UNREPLIED', left: 119 } as const;
const HALF = { state: 'SYN_RECV', left: 59 } as const;

function culprits(of: (at: number) => Line, release: readonly [number, number]): readonly WithStep<CulpritAdvice>[] {
  const lines = times(1000, of);
  const { holdings: all, arrivals } = listed(lines, lines);
  const { machine: found } = contextOf(release, table()).observation;
  return culpritAdvice(
    {
      arrivals,
      refused: 0,
      limit: 4000,
      machine: found,
      own: ownOf(),
      host: ownOf(),
      ssh: NO_SSH,
      chains: CHAINS,
      loose: 1,
    },
    all,
  ).map((advice) => withStep(advice, culpritStep));
}

function everyAdvice(release: readonly [number, number]): readonly Advice[] {
  const silent = holdings(flows(10, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: 1000 })));
  const full = { first: { entries: 1000 } };
  return [
    ...culprits(() => ({ ...UDP, source: '203.0.113.9' }), release),
    ...culprits(() => ({ ...UDP, source: '2001:db8::9' }), release),
    ...culprits((at) => ({ ...UDP, source: at < 200 ? `10.${at}.0.1` : `198.51.100.${at & 255}` }), release),
    ...culprits((at) => ({ ...(at === 0 ? HALF : SYN), source: `${1 + (at % 199)}.${at >> 2}.1.1` }), release),
    ...adviceOf({ ...full, holdings: silent }),
    ...adviceOf({ ...full, holdings: holdings(flows(10, { port: 9000, state: 'CLOSE_WAIT', seconds: 59 })) }),
    ...adviceOf({ first: { limit: 20_000, buckets: ok(512) }, last: { statistics: counted({ chainlength: 5 }) } }),
    ...adviceOf({ first: { configuration: wanted(4000) } }),
    ...adviceOf({ first: { entries: 4 }, last: { statistics: counted({ drop: 50, insert_failed: 50 }) } }),
  ];
}

interface Form {
  readonly name: string;
  readonly commands: readonly string[];
  readonly undo: readonly string[];
}

/** Returns each advice in each of its forms. */
function formsOf(release: readonly [number, number], subject: Context['subject']): readonly Form[] {
  return everyAdvice(release).flatMap((advice) => {
    const { commands, undo, instead, undoInstead } = advice.stepIn(contextOf(release, subject));
    const other = { name: `${advice.kind}, instead`, commands: instead, undo: undoInstead };
    return [{ name: advice.kind, commands, undo }, ...(instead.length === 0 ? [] : [other])];
  });
}

describe.each(KERNELS)('Linux %i.%i', (...release) => {
  test.each(['here', 'in a named namespace', 'in the namespace of a process'] as const)('%s', (place) => {
    for (const { name, commands, undo } of formsOf(release, PLACES[place])) {
      const at = machine();
      type(at, PREFIXES[place], commands);
      expect(undo.length > 0, name).toBe(!isDeepStrictEqual(at, machine()));
      type(at, PREFIXES[place], undo);
      expect(at, name).toEqual(machine());
    }
  });
});

test('a step typed in part, or with one failed command, is undone all the same', () => {
  for (const { name, commands, undo } of formsOf([6, 18], PLACES.here))
    for (const place of commands.keys())
      for (const typed of [commands.slice(0, place), commands.filter((_, at) => at !== place)]) {
        const at = machine();
        typeOn(at, '', typed);
        typeOn(at, '', undo);
        expect(at, `${name}, ${place}`).toEqual(machine());
      }
});

test('every kind of advice with commands is tested', () => {
  expect(new Set(everyAdvice([6, 18]).map(({ kind }) => kind)).size).toBe(13);
});

test('a step states that it removes entries, or that it changes nothing', () => {
  const context = contextOf([6, 18], table());
  for (const advice of everyAdvice([6, 18])) {
    const { commands, undo, remains } = advice.stepIn(context);
    if (commands.length === 0) continue;
    const removes = commands.some((line) => line.includes('conntrack -D'));
    expect(remains, advice.kind).toBe(
      removes ? 'Removed entries cannot be restored.' : undo.length === 0 ? 'Changes nothing.' : undefined,
    );
  }
});

test('two kinds of advice never share an undo', () => {
  const context = contextOf([6, 18], table());
  const made = new Map<string, string>();
  for (const advice of everyAdvice([6, 18]))
    for (const line of advice.stepIn(context).undo.filter((each) => each.startsWith('nft delete ')))
      made.set(line, `${made.get(line) ?? ''}${advice.kind};`);
  for (const kinds of made.values()) expect(new Set(kinds.split(';').filter(Boolean)).size, kinds).toBe(1);
  // Two sources, a network, two limits, two flood targets and two ports.
  expect(made.size).toBe(9);
});

test('the undo is printed next to its commands, in each form', () => {
  const advice = culprits(() => ({ ...UDP, source: '203.0.113.9' }), [6, 18]).filter(({ kind }) => kind === 'source');
  expect(`\n${adviceLines(advice, '', contextOf([6, 18], table()), PLAIN).join('\n')}\n`).toMatchInlineSnapshot(`
    "
      1. Find out what 203.0.113.9 does: it has 100.0% of the entries and 100.0% of
         the new ones.
         Most entries have no reply: the source may be forged. Do not block
         203.0.113.9 if this machine needs it, as a resolver or gateway.
         If you reach this machine through a VPN or tunnel, its other end must not
         be 203.0.113.9.
         Look at what it sends first. The other commands block it: all its packets
         are dropped.
           conntrack -L -s 203.0.113.9 | head -n 20
           nft add table inet check_conntrack_source_cb007109
           nft 'add chain inet check_conntrack_source_cb007109 prerouting { type filter hook prerouting priority -300; }'
           nft add rule inet check_conntrack_source_cb007109 prerouting ip saddr 203.0.113.9 counter drop
           conntrack -D -s 203.0.113.9 >/dev/null
         Undo:
           nft delete table inet check_conntrack_source_cb007109
         or, with iptables:
           conntrack -L -s 203.0.113.9 | head -n 20
           iptables -t raw -I PREROUTING -s 203.0.113.9 -m comment --comment check_conntrack_source_cb007109 -j DROP
           conntrack -D -s 203.0.113.9 >/dev/null
         Undo:
           iptables -t raw -D PREROUTING -s 203.0.113.9 -m comment --comment check_conntrack_source_cb007109 -j DROP
         Removed entries cannot be restored.
         Its packets are dropped before they are tracked, and its entries are
         removed. Cost: all connections of 203.0.113.9.
         It lasts until the next boot. To make it permanent:
           the rules loaded at boot
         Undo: remove them from the rules loaded at boot.
    "
  `);
});

describe('a value that could not be read is not changed', () => {
  const silent = holdings(flows(10, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: 1000 })));
  const kindsOf = (settings: ReadonlyMap<string, number>) =>
    adviceOf({ first: { entries: 1000 }, holdings: silent, settings }).map(({ kind }) => kind);

  test('a timeout', () => {
    expect(kindsOf(new Map([['tcp_timeout_established', 432_000]]))).toContain('timeout');
    expect(kindsOf(new Map())).not.toContain('timeout');
  });

  test('tcp_loose, nor one that is already 0', () => {
    const lines = times(1000, (at) => ({ ...(at === 0 ? HALF : SYN), source: `${1 + (at % 199)}.${at >> 2}.1.1` }));
    const { holdings: all, arrivals } = listed(lines, lines);
    const context = contextOf([6, 18], table());
    const advised = (loose: number | undefined) =>
      culpritAdvice(
        {
          arrivals,
          refused: 0,
          limit: 4000,
          machine: context.observation.machine,
          own: ownOf(),
          host: ownOf(),
          ssh: NO_SSH,
          chains: [],
          loose,
        },
        all,
      );
    expect(advised(undefined).map(({ kind }) => kind)).toEqual(['rate_limit']);
    const [synproxy] = advised(0).map((each) => culpritStep(each, context));
    expect([...(synproxy?.commands ?? []), ...(synproxy?.undo ?? [])].join()).not.toContain('sysctl');
    expect(synproxy?.files).toEqual([{ where: 'the rules loaded at boot', lines: [] }]);
  });
});

describe('lines in files', () => {
  test('are removed or changed back, with the file named', () => {
    const [restore] = findingsOf({ first: { configuration: wanted(4000) } }).advice;
    if (restore === undefined) throw new Error('no advice');
    // The file that sets the limit is not changed.
    expect(editsUndone(restore.stepIn(contextOf([6, 18], table())).files)).toBe(
      'remove the added lines from /etc/modprobe.d/nf_conntrack.conf and /etc/modules-load.d/nf_conntrack.conf',
    );
    const raised = findingsOf({ first: { entries: 1000, configuration: wanted(1000) } });
    const [raise] = raised.advice.map((each) =>
      each.stepIn({ ...contextOf([6, 18], table()), observation: raised.evaluation.observation }),
    );
    expect(editsUndone(raise?.files ?? [])).toContain(
      '; change /etc/sysctl.conf back to net.netfilter.nf_conntrack_max = 1000',
    );
  });
});
