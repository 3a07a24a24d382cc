// Generated files are up to date, and the documentation covers everything in the program.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COMMANDS, FLAGS, type Flag } from '../../src/cli/flags.ts';
import { METRIC_NAMES, metricSpec } from '../../src/evaluate/metrics.ts';
import { FOLDERS, TOOLS, type Tool } from '../../src/kernel/tools.ts';
import { MACHINE_KINDS } from '../../src/words/machine-remedies.ts';
import { fixture, NODE, plugin, TOP } from './support/plugin.ts';
import { scratch, tree } from './support/tree.ts';

const MADE = [
  'nagios/check_conntrack.8',
  'nagios/completion/check_conntrack',
  'nagios/completion/_check_conntrack',
  'nagios/completion/check_conntrack.fish',
  'nagios/icinga-director/conntrack.json',
];
const SHELLS = MADE.slice(1, 4);
const README = read('README.md');
const MANUAL = read('.dev/manual.md');
const SECURITY = read('.github/SECURITY.md');
const PAGE = typed(read('nagios/check_conntrack.8'));
const DIST = read('dist/check_conntrack');
const HELP = Object.fromEntries(COMMANDS.map((name) => [name, plugin(name, '--help').stdout]));
const KNOWN: readonly Flag[] = FLAGS;

test('the committed files are those that `npm run papers` generates', () => {
  const folder = scratch();
  execFileSync(NODE, [join(TOP, '.dev/papers.mjs'), folder, 'nagios']);
  for (const name of MADE) expect(readFileSync(join(folder, name), 'utf8'), name).toBe(read(name));
});

describe('every flag', () => {
  test.each(KNOWN.map(({ long, of }) => [`--${long}`, of[0] ?? ''] as const))('%s of %s', (flag, command) => {
    expect(HELP[command]).toContain(` ${flag} `);
    expect(PAGE).toMatch(new RegExp(`^(-\\w, )?${flag}\\b`, 'm'));
    expect(README).toContain(`\`${flag}\``);
  });

  test.each(COMMANDS)('%s is completed', (command) => {
    const own = KNOWN.filter(({ of }) => of.includes(command)).map(({ long }) => long);
    const [bash = '', zsh = '', fish = ''] = SHELLS.map(read);
    const inBash = new RegExp(`^ {4}${command}\\) flags='(.*)'`, 'm').exec(bash)?.[1] ?? '';
    const inZsh = new RegExp(`^ {4}${command}\\)\\n([\\s\\S]*?);;`, 'm').exec(zsh)?.[1] ?? '';
    expect(Array.from(inBash.matchAll(/--([a-z-]+)/g), ([, long]) => long)).toEqual(own);
    for (const long of own) {
      expect(inZsh).toMatch(new RegExp(`--${long}\\b`));
      expect(fish).toMatch(new RegExp(`'__check_conntrack_is ${command}' (-s \\w )?-l ${long} `));
    }
  });
});

describe("the manual's table of machines", () => {
  const SIGNS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    openwrt: { 'etc/openwrt_release': '' },
    vyos: { 'usr/share/vyos/version.json': '' },
    talos: { 'proc/sys/kernel/osrelease': '6.12.6-talos\n' },
    proxmox: { 'etc/pve/firewall/cluster.fw': 'enable: 1\n' },
    systemd: { 'run/systemd/system/x': '' },
    openrc: { 'run/openrc/x': '' },
    'red hat without systemd': {
      'etc/redhat-release': 'CentOS release 6.10 (Final)\n',
      'proc/sys/kernel/osrelease': '2.6.32-754.el6.x86_64\n',
    },
    other: { captured: '' },
  };

  test('has each kind', () => expect(Object.keys(SIGNS)).toEqual(MACHINE_KINDS));

  test.each(Object.entries(SIGNS))('has the lines that plan prints: %s', (_, sign) => {
    const module = {
      'proc/modules': 'nf_conntrack 1 0 - Live 0x0\n',
      'etc/modules-load.d/x': '',
      'etc/udev/rules.d/x': '',
    };
    const root = tree('debian-12-synthetic', { ...module, ...sign });
    const { stdout } = plugin('plan', '--max', '1048576', '--root', root);
    const [, lines = ''] = /\nTo make it permanent\n((?: {2}.*\n)+)/.exec(stdout) ?? [];
    expect(lines).not.toBe('');
    expect(PAGE).toContain(`\n${lines.replace(/^ {2}( {6})?/gm, (_all, line) => (line === undefined ? '' : '    '))}`);
  });
});

test.each(METRIC_NAMES)(
  'the metric %s is in help, manual, README and, if it takes a threshold, the completions',
  (name) => {
    expect(HELP['check']).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    expect(PAGE).toMatch(new RegExp(`^${name}$`, 'm'));
    expect(README).toContain(`\`${name}\``);
    const judged = metricSpec(name).judged !== 'nowhere';
    for (const shell of SHELLS) expect(new RegExp(`[\\s'"]${name}[=:]`).test(read(shell)), shell).toBe(judged);
  },
);

test.each(KNOWN.filter(({ long }) => long === 'format').map(({ of, about }) => [of[0] ?? '', about] as const))(
  'each format of %s in manual and README is accepted: %s',
  (command, about) => {
    for (const format of about.replace(/ \(.*/, '').split(/, | or /)) {
      const output = plugin(command, '--format', format, '--root', fixture('debian-12-synthetic')).stdout;
      expect(output).not.toContain('--help');
      expect(MANUAL).toContain(`\n### ${format}\n`);
      expect(README).toMatch(new RegExp(`[( ]${format}[,)]`));
      for (const shell of SHELLS) expect(read(shell)).toMatch(new RegExp(`[ ('"]${format}[ )'"]`));
    }
  },
);

test('the manual has every gauge of the Prometheus format, and counters have the names of the metrics', () => {
  const text = plugin('--format', 'prometheus', '--root', fixture('debian-12-synthetic')).stdout;
  const series = Array.from(text.matchAll(/^# TYPE (\w+) (\w+)$/gm), ([, name = '', type]) => ({ name, type }));
  const [gauges, counters] = ['gauge', 'counter'].map((kind) =>
    series.filter(({ type }) => type === kind).map(({ name }) => name),
  );
  expect(gauges?.length).toBeGreaterThan(6);
  expect(gauges?.filter((name) => !MANUAL.includes(`\`${name}\``))).toEqual([]);
  const names: readonly string[] = METRIC_NAMES.map((name) => `conntrack_${name}_total`);
  expect(counters?.filter((name) => !names.includes(name))).toEqual([]);
});

test.each(schemaWords('trouble'))('the verdict %s is in manual and README', (trouble) => {
  expect(MANUAL).toContain(`| \`${trouble}\` | `);
  expect(README).toContain(`\`${trouble}\``);
});

test('every section of a report is in the manual', () => {
  const report = plugin('report', '--root', fixture('over-limit-synthetic')).stdout;
  const sections = Array.from(report.matchAll(/^([A-Z][a-z][A-Za-z ]+?)(?=:|$)/gm), ([, title]) => title);
  expect(sections.length).toBeGreaterThan(4);
  for (const title of sections) expect(MANUAL).toContain(`\n| \`${title}\` | `);
});

describe('troubleshooting', () => {
  const headings = Array.from(MANUAL.matchAll(/^### `(.+)`$/gm), ([, heading = '']) => heading);
  /** Output of other programs. */
  const FOREIGN = /^(NRPE: |\(Return code|Exit status|# Check failed|nf_conntrack: table full)/;
  /** Parts that differ between machines. */
  const VARIABLE =
    /\d+(?:\.\d+)?%?|\/[\w/.]+|\.\.\.|conntrack -[SL]|--wach|no (?:lost_rate|drop)\b|EACCES|check_conntrack|nf_conntrack_netlink/;

  test.each(headings.filter((heading) => !FOREIGN.test(heading)))('the program can print: %s', (heading) => {
    const words = heading.replace(/^CONNTRACK UNKNOWN - /, '').split(VARIABLE);
    const fixed = words.flatMap((part) => part.split(/[:;()]/)).map((part) => part.trim());
    const telling = fixed.filter((part) => part.includes(' ') || part.length > 12);
    expect(telling.length).toBeGreaterThan(0);
    expect(telling.filter((part) => !DIST.includes(part))).toEqual([]);
  });

  test("the list in README has the manual's words", () => {
    const [, list = ''] = /\n## Troubleshooting\n([\s\S]*?)\n## /.exec(README) ?? [];
    const messages = Array.from(list.matchAll(/^\| `(.+?)` \|/gm), ([, message]) => message);
    expect(messages.length).toBeGreaterThan(8);
    for (const message of messages) expect(headings).toContain(message);
  });

  test('every kind of fault is in the manual', () => {
    const faults = Array.from(DIST.matchAll(/\["(cannot \w+|did not run)", "([^"]*)"\]/g));
    expect(faults.length).toBeGreaterThan(15);
    for (const [, verb, detail = ''] of faults) {
      expect(MANUAL).toContain(`\`${verb}\``);
      const words = detail.split('#').map((part) => part.replace(/^,? | ?$/g, ''));
      for (const part of words) expect(MANUAL).toContain(part);
    }
  });
});

test('the manual has every environment variable that the program reads', () => {
  const names = Array.from(
    DIST.matchAll(/environment\d*\["(\w+)"\]|STATE_VARIABLES = \[([^\]]*)\]/g),
    ([, first, all]) => (all === undefined ? [first] : Array.from(all.matchAll(/\w+/g), ([name]) => name)),
  ).flat();
  expect(names).toContain('MP_STATE_PATH');
  expect(names).toContain('MUNIN_CAP_MULTIGRAPH');
  expect(names.filter((name) => !MANUAL.includes(`\`${name}\``))).toEqual([]);
});

describe.each([
  ['SECURITY.md', SECURITY, '\n## Programs that it runs\n', '\n## Files that it writes\n'],
  ['the manual', MANUAL, '\n## SECURITY\n', '\n## UPGRADING'],
])('the programs that may be run, in %s', (_, text, from, to) => {
  const section = text.slice(text.indexOf(from), text.indexOf(to));

  test('are those of the table, each with its condition, user and time limit', () => {
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows).toEqual(Object.values(TOOLS).map(rowOf));
  });

  test('are searched in the directories of the table', () => {
    const place = text === SECURITY ? section : MANUAL.slice(MANUAL.indexOf('\nPATH is not used: '));
    const [, folders = ''] = / in ((?:`\/[\w/]+`(?:, | or | and )?)+), in this order/.exec(place) ?? [];
    expect(Array.from(folders.matchAll(/`([^`]+)`/g), ([, folder]) => folder)).toEqual(FOLDERS);
  });
});

test("only the runner of the table's programs can start a process", () => {
  const files = readdirSync(join(TOP, 'src'), { recursive: true, encoding: 'utf8' });
  const sources = files.filter(
    (name) => name.endsWith('.ts') && read(join('src', name)).includes("'#system/children'"),
  );
  expect(sources).toEqual(['kernel/run-tool.ts']);
});

function rowOf({ programs, args, when, user, milliseconds }: Tool): string {
  const lines = programs.map((program) => `\`${[program, ...args.map((arg) => arg || "''")].join(' ')}\``);
  const limit = Number.isFinite(milliseconds) ? `${milliseconds / 1000} s` : 'until the program ends';
  return `| ${lines.join(' or ')} | ${when} | ${user} | ${limit} |`;
}

test('README is short enough for one sitting', () => {
  expect(README.split(/\s+/).filter((word) => /\w/.test(word)).length).toBeLessThanOrEqual(1300);
  expect(README.indexOf('sudo check_conntrack report')).toBeLessThan(2000);
});

function read(name: string): string {
  return readFileSync(join(TOP, name), 'utf8');
}

/** Returns the page as plain text, without fonts and escapes. */
function typed(roff: string): string {
  return roff
    .replace(/\\f[BIR]/g, '')
    .replace(/\\-/g, '-')
    .replace(/\\\(dq/g, '"')
    .replace(/\\e/g, '\\');
}

function schemaWords(property: string): readonly string[] {
  const matches: string[] = [];
  const visit = (at: unknown, name: string): void => {
    if (typeof at !== 'object' || at === null) return;
    const words: unknown = Reflect.get(at, 'enum');
    if (name === property && Array.isArray(words)) matches.push(...words);
    for (const [key, value] of Object.entries(at)) visit(value, key);
  };
  visit(JSON.parse(read('nagios/check_conntrack.schema.json')), '');
  return [...new Set(matches)];
}
