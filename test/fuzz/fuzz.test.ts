// Random machines, arguments, lists and histories. Both executables must print the same, whatever they meet, and what
// they print must be what its format promises. CHECK_CONNTRACK_FUZZ is the time in seconds; a seed may follow a colon.

import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { command, ENV, NODE, TOP } from '../e2e/support/plugin.ts';
import { type Changes, scratch, tree } from '../e2e/support/tree.ts';
import { type Run, run } from '../standalone/support.ts';

const [SECONDS = 60, SEED = 1] = (process.env['CHECK_CONNTRACK_FUZZ'] ?? '').split(':').map(Number);
const EXECUTABLES = [[NODE, join(TOP, 'dist/check_conntrack')], [join(TOP, 'build/linux-x64/check_conntrack')]];
const STATES = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'];

const schema: object = JSON.parse(readFileSync(join(TOP, 'nagios/check_conntrack.schema.json'), 'utf8'));
const isValid = new Ajv({ allowUnionTypes: true }).compile(schema);

/** Runs for this share of the time. */
function during(share: number) {
  return { seed: SEED, interruptAfterTimeLimit: 1000 * SECONDS * share, numRuns: 1_000_000 };
}

let comparisons = 0;
afterAll(() => void process.stdout.write(`${comparisons} comparisons, seed ${SEED}\n`));

async function runBoth(args: readonly string[]): Promise<Run> {
  comparisons += 1;
  const [onNode, standalone] = await Promise.all(EXECUTABLES.map((words) => run([...words, ...args])));
  expect({ args, ...standalone }).toEqual({ args, ...onNode });
  expect(onNode).toMatchObject({ stderr: '' });
  return onNode ?? { status: null, stdout: '', stderr: '' };
}

const BASES = [
  'debian-12-synthetic',
  'centos-5.8-synthetic',
  'openvz-el6-synthetic',
  'linux-6.1-capture',
  'linux-6.1-no-procfs-capture',
  'linux-5.4-drops-capture',
];
const NET = 'proc/sys/net';
const FILES = [
  ...['count', 'max', 'buckets', 'acct'].map((name) => `${NET}/netfilter/nf_conntrack_${name}`),
  ...['count', 'max', 'buckets'].map((name) => `${NET}/ipv4/netfilter/ip_conntrack_${name}`),
  ...[`${NET}/nf_conntrack_max`, 'proc/net/stat/nf_conntrack', 'proc/net/stat/ip_conntrack', 'proc/net/nf_conntrack'],
  ...['proc/slabinfo', 'proc/meminfo', 'proc/uptime', 'proc/modules', 'proc/cmdline', 'proc/self/auxv'],
  ...['proc/sys/kernel/osrelease', 'proc/sys/kernel/random/boot_id', 'proc/net/fib_trie', 'proc/net/route'],
  ...['etc/sysctl.conf', 'etc/sysctl.d/50-limits.conf', 'etc/modprobe.d/conntrack.conf', 'var/log/kern.log'],
];

const figure = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom('0', '-1', '00012', '0x10', '1e5', '2147483647', '2147483648', '4294967296', '12 13', 'NaN', ' 7 '),
);
const text = fc.oneof(
  figure.map((digits) => `${digits}\n`),
  figure,
  fc.string({ unit: 'binary-ascii', maxLength: 200 }),
  fc.constantFrom('', '\n', '\0\0\0', 'x'.repeat(70_000)),
  fc.array(figure).map((figures) => figures.join(' ')),
  figure.map((digits) => `net.netfilter.nf_conntrack_max = ${digits}\nnet.ipv4.netfilter.ip_conntrack_max=${digits}\n`),
  figure.map((digits) => `options nf_conntrack hashsize=${digits}\noptions ip_conntrack hashsize=${digits}\n`),
);

/** Makes a file from an existing one, cut or with one byte changed. */
const damaged = fc.tuple(fc.nat(), fc.nat(255), fc.boolean()).map(([at, byte, isCut]) => (before: string) => {
  const where = before.length === 0 ? 0 : at % before.length;
  const rest = isCut ? '' : before.slice(where + 1);
  return before.slice(0, where) + String.fromCharCode(byte) + rest;
});

type Change = string | null | 'directory' | ((before: string) => string);
const change: fc.Arbitrary<readonly [kind: 'text' | 'damaged' | 'place', Change]> = fc.oneof(
  { weight: 4, arbitrary: text.map((words) => ['text', words] as const) },
  { weight: 3, arbitrary: damaged.map((make) => ['damaged', make] as const) },
  { weight: 2, arbitrary: fc.constantFrom(null, 'directory', 'fifo', 'link').map((kind) => ['place', kind] as const) },
);
const changes = fc.array(fc.tuple(fc.constantFrom(...FILES), change), { maxLength: 4 });

function changesOf(base: string, made: typeof changes extends fc.Arbitrary<infer T> ? T : never): Changes {
  return Object.fromEntries(
    made.map(([name, [kind, what]]) => {
      if (kind === 'text' && typeof what === 'string') return [name, what];
      if (typeof what === 'function') return [name, what(textOf(join(TOP, 'fixtures', base, name)))];
      return [name, what === null ? null : (path: string) => place(path, String(what))];
    }),
  );
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function place(path: string, kind: string): void {
  if (kind === 'directory') mkdirSync(path);
  if (kind === 'fifo') command('mkfifo', [path]);
  if (kind === 'link') symlinkSync('/etc/hostname', path);
}

const METRIC = fc.constantFrom('', 'usage=', 'entries=', 'slab_max=', 'drop=', 'load_factor=', 'drop_rate=', 'bogus=');
const BOUND = fc.oneof(figure, fc.constantFrom('~', '', '80%', '1GiB', '15m', '1.5', '.5', '-.5', '1,5', '10h'));
const range = fc
  .tuple(METRIC, fc.boolean(), BOUND, fc.option(BOUND, { nil: undefined }))
  .map(([metric, inside, start, end]) => {
    const bounds = end === undefined ? start : `${start}:${end}`;
    return metric + (inside ? '@' : '') + bounds;
  });
const option = fc.oneof(
  range.map((words) => ['-w', words]),
  range.map((words) => ['-c', words]),
  fc.constantFrom(
    ...[['-v'], ['-vv'], ['--netns', 'all'], ['--netns=own'], ['--absent', 'ok'], ['--drift', 'CRITICAL']],
    ...[
      ['--object-size', '320'],
      ['--object-size', '0'],
      ['--format', 'json'],
      ['--format', 'prometheus'],
    ],
    ...[['--partial', 'warning'], ['--window', '5m'], ['--state-dir', '/nowhere'], ['-x'], ['--', 'x'], ['-t', '0']],
  ),
);
const ofCheck = fc.array(option, { maxLength: 4 }).map((options) => options.flat());
const args = fc.oneof(
  { weight: 6, arbitrary: ofCheck },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[['report'], ['report', '--format', 'json'], ['report', '-v', '--top', '2'], ['plan'], ['plan', '-vv']],
      ...[['plan', '--format', 'json'], ['plan', '--max', '1000000'], ['plan', '--max', '0'], ['munin']],
      ...[
        ['munin', 'config'],
        ['munin', 'autoconf'],
        ['munin', 'suggest'],
        ['report', '--interval', '0'],
      ],
    ),
  },
);

function expectFormat({ status, stdout }: Run, words: readonly string[]): void {
  expect(STATES[status ?? 4]).toBeDefined();
  const format = words[words.lastIndexOf('--format') + 1];
  // A mistake in the arguments is printed in the requested format, or as one line.
  if (stdout.startsWith('{')) {
    const document: unknown = JSON.parse(stdout);
    expect(isValid(document), `${stdout}\n${JSON.stringify(isValid.errors)}`).toBe(true);
  } else if (words[0] !== 'munin' && words[0] !== 'plan' && format !== 'prometheus') {
    expect(stdout.startsWith(`CONNTRACK ${STATES[status ?? 4]} - `), stdout.slice(0, 200)).toBe(true);
  }
  if (format === 'prometheus' && stdout.startsWith('#')) expectPrometheus(stdout);
  if (words[0] === 'munin') return;
  expect(
    Math.max(
      ...stdout
        .split('\n')
        .slice(0, 1)
        .map(({ length }) => length),
    ),
  ).toBeLessThan(1024);
}

/** Prometheus' text format: comments, and samples of a name, labels and a number. */
function expectPrometheus(stdout: string): void {
  for (const line of stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
    expect(line).toMatch(/^conntrack_[a-z_]+(?:\{[a-z]+="[^"\\]*"(?:,[a-z]+="[^"\\]*")*\})? -?[\d.e+-]+$/);
}

test('random machines and arguments: the same line, state and document from both executables', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...BASES), changes, args, async (base, made, words) => {
      const root = tree(base, changesOf(base, made));
      expectFormat(await runBoth([...words, '--root', root]), words);
      rmSync(root, { recursive: true });
    }),
    during(0.5),
  );
});

test('random lists: the same report from both executables', async () => {
  const whole = textOf(join(TOP, 'fixtures/entries-nf_conntrack-capture')).split('\n');
  const list = fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...whole) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...whole), damaged).map(([line, make]) => make(line)) },
      { weight: 1, arbitrary: text },
    ),
    { maxLength: 300 },
  );
  const place = join(scratch(), 'list');
  await fc.assert(
    fc.asyncProperty(list, fc.constantFrom([], ['--format', 'json'], ['--top', '1']), async (lines, words) => {
      writeFileSync(place, lines.join('\n'), 'latin1');
      expectFormat(await runBoth(['report', '--entries', place, ...words]), ['report', ...words]);
    }),
    during(0.2),
  );
});

// The guidelines' ranges, judged independently: values outside start to end alert, with @ those inside; both ends are
// inside.
test('random ranges: the state that an independent judge gives', async () => {
  const bound = fc.integer({ min: -10, max: 120_000 });
  const oneRange = fc.tuple(fc.boolean(), fc.option(bound), fc.option(bound)).filter(([, start, end]) => {
    return start === null || end === null || start <= end;
  });
  const entries = 65_310;
  const root = tree('debian-12-synthetic', { [`${NET}/netfilter/nf_conntrack_count`]: `${entries}\n` });
  await fc.assert(
    fc.asyncProperty(oneRange, async ([inside, start, end]) => {
      const isIn = entries >= (start ?? Number.NEGATIVE_INFINITY) && entries <= (end ?? Number.POSITIVE_INFINITY);
      const words = `${inside ? '@' : ''}${start ?? '~'}:${end ?? ''}`;
      const only = ['-w', 'usage=~:', '-c', 'usage=~:', '-c', `entries=${words}`, '--drift', 'ok', '--root', root];
      expect({ words, ...(await runBoth(only)) }).toMatchObject({ words, status: isIn === inside ? 2 : 0 });
    }),
    during(0.15),
  );
});

const BOOT = '11111111-2222-3333-4444-555555555555\n';
const COLUMNS = 'entries insert_failed drop early_drop\n';

test('random histories: the rates of counters that wrap at 32 bits', async () => {
  const WRAP = 2 ** 32;
  const cpu = fc.tuple(fc.nat(WRAP - 1), fc.nat(1_000_000));
  const rowOf = (drop: number) => `0000000a 00000000 ${drop.toString(16).padStart(8, '0')} 00000000\n`;
  const moments = fc.tuple(fc.array(cpu, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 299 }));
  await fc.assert(
    fc.asyncProperty(moments, async ([cpus, seconds]) => {
      const before = cpus.map(([first]) => first);
      const after = cpus.map(([first, more]) => (first + more) % WRAP);
      const total = cpus.reduce((sum, [, more]) => sum + more, 0);
      for (const words of EXECUTABLES) {
        const [root, state] = [tree('debian-12-synthetic', { 'proc/sys/kernel/random/boot_id': BOOT }), scratch()];
        const check = (drops: readonly number[], uptime: number) => {
          writeFileSync(join(root, 'proc/uptime'), `${uptime}.00 0.00\n`);
          writeFileSync(join(root, 'proc/net/stat/nf_conntrack'), COLUMNS + drops.map(rowOf).join(''));
          return command(ENV, [...words, '--root', root, '--state-dir', state]);
        };
        check(before, 1000);
        const { stdout } = check(after, 1000 + seconds);
        const rate = String(Number((total / seconds).toFixed(3)));
        expect(stdout).toContain(` drop_rate=${rate};`);
        expect(stdout).toContain(` lost_rate=${rate};`);
        for (const place of [root, state]) rmSync(place, { recursive: true });
      }
    }),
    during(0.15),
  );
});
