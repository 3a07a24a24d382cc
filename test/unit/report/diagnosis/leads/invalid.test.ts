// Invalid packets: the settings that cause them, the rules that drop them, and when they are a lead.

import { describe, expect, test } from 'vitest';
import type { DropRule } from '../../../../../src/model/drop-rule.ts';
import {
  type InvalidHandling,
  mostInvalid,
  readInvalidHandling,
} from '../../../../../src/report/diagnosis/leads/invalid.ts';
import { leadsOf } from '../../../../../src/report/diagnosis/leads/leads.ts';
import { type Given, kindsFrom, leadsFrom, sources } from '../../../support/leads.ts';
import { otherTable, table } from '../../../support/observation.ts';
import { type Files, rootOf } from '../../../support/root.ts';
import { type Tools, withTools } from '../../../support/tools.ts';

const MODULES = ['nf_conntrack', 'nf_tables', 'nft_compat', 'ip_tables', 'ip6_tables'];
/** Files of a machine with these modules loaded; iptables has tables if its module is. */
const listing = (...names: readonly string[]): Files => ({
  'proc/modules': names.map((name) => `${name} 1 0\n`).join(''),
  'proc/net/ip_tables_names': names.includes('ip_tables') ? 'filter\n' : '',
  'proc/net/ip6_tables_names': names.includes('ip6_tables') ? 'filter\n' : '',
});

const NFT = 'table inet filter {\n\tchain input {\n\t\tct state invalid drop # handle 5\n\t}\n}\n';
const NFT_NONE = 'table inet filter {\n}\n';
const NFT_FOREIGN = 'table ip filter {\n\tchain INPUT {\n\t\txt match "conntrack" drop\n\t}\n}\n';
const SAVED = '*filter\n-A INPUT -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n';

/** The target of an iptables tool's link, derived from the tool's name. */
const MULTI = (path: string) => `/usr/sbin/xtables-${path.includes('-nft') ? 'nft' : 'legacy'}-multi`;

function asked(tools: Tools, files: Files = listing(...MODULES), namespace = table(), user = 0) {
  const links = Object.fromEntries(Object.keys(tools).map((path) => [path, MULTI(path)]));
  const lines = withTools(tools, user, links);
  const root = rootOf(files);
  const { rules } = readInvalidHandling({ ...root, view: 'own' }, 'nf_conntrack', namespace);
  return { tools: rules?.map(({ tool }) => tool), lines: lines.map((line) => line.replace(root.locate(''), '')) };
}

test('settings of both generations have the same short names', () => {
  const files = (folder: string, prefix: string) =>
    Object.fromEntries(
      ['tcp_loose', 'tcp_be_liberal', 'checksum', 'log_invalid', 'max'].map((name, at) => [
        `proc/sys/net/${folder}/${prefix}_${name}`,
        `${at}\n`,
      ]),
    );
  const settings = { tcp_loose: 0, tcp_be_liberal: 1, checksum: 2, log_invalid: 3 };
  const newer = rootOf(files('netfilter', 'nf_conntrack'));
  const older = rootOf(files('ipv4/netfilter', 'ip_conntrack'));
  expect(readInvalidHandling(newer, 'nf_conntrack', table())).toEqual({ settings, rules: undefined });
  expect(readInvalidHandling(older, 'ip_conntrack', table())).toEqual({ settings, rules: undefined });
  expect(readInvalidHandling(rootOf({}), 'nf_conntrack', table())).toStrictEqual({ settings: {}, rules: undefined });
});

describe('nft rules', () => {
  test.each(['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'])(
    'are read with %s only, if one drops invalid packets',
    (place) => {
      expect(asked({ [place]: NFT, '/usr/sbin/iptables-save': SAVED })).toEqual({
        tools: ['nft'],
        lines: [`${place} -t -a list ruleset`],
      });
    },
  );

  test('are followed by legacy iptables rules if none drops invalid packets', () => {
    expect(asked({ '/usr/sbin/nft': NFT_NONE, '/usr/sbin/iptables-legacy-save': SAVED })).toEqual({
      tools: ['iptables-legacy'],
      lines: ['/usr/sbin/nft -t -a list ruleset', '/usr/sbin/iptables-legacy-save -c'],
    });
  });

  test('are read with iptables-nft if nft cannot print them', () => {
    expect(asked({ '/usr/sbin/nft': NFT_FOREIGN, '/usr/sbin/iptables-nft-save': SAVED }).tools).toEqual([
      'iptables-nft',
    ]);
    expect(asked({ '/usr/sbin/nft': NFT_NONE, '/usr/sbin/iptables-nft-save': SAVED }).tools).toEqual([]);
  });

  test('are read with iptables-nft if nft fails or is missing', () => {
    const failed = { stdout: NFT, status: 1 };
    expect(asked({ '/usr/sbin/nft': failed, '/usr/sbin/iptables-nft-save': SAVED }).tools).toEqual(['iptables-nft']);
    expect(asked({ '/usr/sbin/iptables-nft-save': SAVED }).tools).toEqual(['iptables-nft']);
    expect(asked({ '/usr/sbin/nft': failed }, listing('nf_conntrack', 'nf_tables')).tools).toBeUndefined();
  });
});

describe('iptables rules', () => {
  const OLD = listing('nf_conntrack', 'ip_tables', 'ip6_tables');

  test('are read with the tool of each backend, for IPv6 too', () => {
    const tools = ['iptables-nft', 'ip6tables-nft', 'iptables-legacy', 'ip6tables-legacy'];
    const there = Object.fromEntries(tools.map((tool) => [`/sbin/${tool}-save`, SAVED]));
    expect(asked(there)).toEqual({ tools, lines: tools.map((tool) => `/sbin/${tool}-save -c`) });
  });

  test('are read with the plain name otherwise, which is one of the two', () => {
    const there = { '/usr/sbin/iptables-save': SAVED, '/usr/sbin/ip6tables-save': SAVED };
    expect(asked(there, OLD).tools).toEqual(['iptables', 'ip6tables']);
    expect(asked(there).lines).toEqual(['/usr/sbin/iptables-save -c', '/usr/sbin/ip6tables-save -c']);
    expect(asked(there, listing('nf_conntrack', 'nf_tables', 'nft_compat'))).toEqual({ tools: undefined, lines: [] });
  });

  test('are read from one tool if the other fails', () => {
    const failing = { '/sbin/iptables-legacy-save': { stdout: SAVED, status: 1 } };
    expect(asked(failing, OLD).tools).toBeUndefined();
    expect(asked({ ...failing, '/sbin/ip6tables-legacy-save': SAVED }, OLD).tools).toEqual(['ip6tables-legacy']);
  });
});

describe('a program that would load a module is not run', () => {
  const TOOLS = {
    '/usr/sbin/nft': NFT_NONE,
    '/usr/sbin/iptables-nft-save': SAVED,
    '/usr/sbin/iptables-legacy-save': SAVED,
  };
  const [NATIVE, OLD] = ['/usr/sbin/nft -t -a list ruleset', '/usr/sbin/iptables-legacy-save -c'];

  test.each<[string, Files, readonly string[], readonly string[] | undefined]>([
    ['both modules are loaded', listing('nf_conntrack', 'nf_tables', 'ip_tables'), [NATIVE, OLD], ['iptables-legacy']],
    ['only nf_tables is loaded', listing('nf_conntrack', 'nf_tables'), [NATIVE], []],
    ['only ip_tables is loaded', listing('nf_conntrack', 'ip_tables'), [OLD], ['iptables-legacy']],
    ['neither is loaded, so there are no rules', listing('nf_conntrack', 'xnf_tables', 'ip_tables_x'), [], []],
    [
      'the list lacks conntrack, so it proves nothing',
      listing('x', 'nf_conntrack_ftp', 'xnf_conntrack'),
      [],
      undefined,
    ],
    [
      'no list: the kernel has no modules',
      { 'proc/net/ip_tables_names': 'filter\n' },
      [NATIVE, OLD],
      ['iptables-legacy'],
    ],
  ])('%s', (_, files, lines, tools) => expect(asked(TOOLS, files)).toEqual({ lines, tools }));
});

describe("rules are read in the table's namespace", () => {
  const mount = { number: 8, path: '/run/netns/blue' };
  const TOOLS = { '/usr/bin/nsenter': '', '/usr/sbin/nft': NFT };

  test.each([
    ['through a process', otherTable({ mount }), '/proc/7/ns/net'],
    ['through a mount', otherTable({ pids: [], mount }), '/run/netns/blue'],
  ])('%s', (_, namespace, place) => {
    expect(asked(TOOLS, listing(...MODULES), namespace)).toEqual({
      tools: ['nft'],
      lines: [`/usr/bin/nsenter --net=${place} /usr/sbin/nft -t -a list ruleset`],
    });
  });

  test.each<[string, Parameters<typeof asked>]>([
    ['not without a process or mount', [TOOLS, listing(...MODULES), otherTable({ pids: [] })]],
    ['not without nsenter(1)', [{ '/usr/sbin/nft': NFT }, listing(...MODULES), otherTable()]],
    ['not without root', [TOOLS, listing(...MODULES), table(), 1000]],
  ])('%s', (_, given) => expect(asked(...given)).toEqual({ tools: undefined, lines: [] }));

  test('not in a captured tree', () => {
    const lines = withTools(TOOLS);
    const { rules } = readInvalidHandling(rootOf(listing(...MODULES)), 'nf_conntrack', table());
    expect([rules, lines]).toEqual([undefined, []]);
  });
});

const RULE: DropRule = { tool: 'nft', family: 'inet', table: 't', chain: 'c', handle: 5, packets: undefined };
const NO_RULE: InvalidHandling = { settings: {}, rules: [] };
const ONE_RULE: InvalidHandling = { settings: {}, rules: [RULE] };

function invalid(before: number, after: number): NonNullable<Given['counters']> {
  return [{ invalid: before }, { invalid: after }];
}

describe('a lead', () => {
  test.each<[string, Given, readonly string[]]>([
    ['two strays in a second', { counters: invalid(5, 7), handling: NO_RULE }, []],
    ['three strays in a second', { counters: invalid(5, 8), handling: NO_RULE }, ['ok invalid']],
    ['three in three seconds', { counters: invalid(5, 8), seconds: 3, handling: NO_RULE }, ['ok invalid']],
    ['unknown rules and settings', { counters: invalid(0, 500) }, []],
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
      'ICMP errors on nf_conntrack, which counts them separately',
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
    [
      'a rule drops them, out of an unknown number of packets',
      { counters: invalid(0, 500), handling: ONE_RULE },
      ['ok invalid'],
    ],
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
  ])('%s', (_, given, expected) => expect(kindsFrom(given)).toEqual(expected));

  test('names the table with the most invalid packets, and their share of its packets', () => {
    const found = sources({
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
    const own = sources({
      counters: invalid(0, 100),
      stacks: [{ InReceives: 1000 }, { InReceives: 1400 }],
      handling: NO_RULE,
    });
    expect(leadsOf(own)).toMatchObject([{ share: 0.25 }]);
  });
});

test('more invalid packets than received ones count as 100%', () => {
  const more = { counters: invalid(0, 500), stacks: [{ InReceives: 0 }, { InReceives: 400 }] } as const;
  expect(leadsFrom({ ...more, handling: NO_RULE })).toMatchObject([{ share: 1, perSecond: 500 }]);
});
