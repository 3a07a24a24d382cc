// Machines that differ from what is expected: every row of the contract's table of failures.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Answer, command, fixture, plugin, RUN } from './support/plugin.ts';
import { type Changes, tree } from './support/tree.ts';

const BASE = 'debian-12-synthetic';
const NETFILTER = 'proc/sys/net/netfilter';
const STATISTICS = 'proc/net/stat/nf_conntrack';
const isRoot = process.getuid?.() === 0;

function unreadable(path: string): void {
  writeFileSync(path, 'secret');
  chmodSync(path, 0);
}

// root can read everything, so it drops that to see what other users see.
function check(changes: Changes, ...args: readonly string[]): Answer {
  const line = [...RUN, '--root', tree(BASE, changes), ...args];
  const [file = '', ...rest] = isRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', ...line] : line;
  return command(file, rest);
}

describe('count and max', () => {
  const faults: readonly (readonly [string, Changes[string], RegExp])[] = [
    ['missing', null, /^cannot read \S+: no such file$/],
    ['unreadable', unreadable, /^cannot read \S+: permission denied$/],
    ['empty', '', /^cannot use \S+: empty$/],
    ['only blanks', ' \n', /^cannot use \S+: empty$/],
    ['not a number', 'secret\n', /^cannot use \S+: not a number, 7 bytes$/],
    ['a decimal', '12.5\n', /^cannot use \S+: not a number, 5 bytes$/],
    ['two numbers', '12 13\n', /^cannot use \S+: not a number, 6 bytes$/],
    ['hexadecimal', '0x10\n', /^cannot use \S+: not a number, 5 bytes$/],
    ['negative', '-5\n', /^cannot use \S+: negative$/],
    ['absurd', '2147483649\n', /^cannot use \S+: above 2147483648$/],
    ['endless', '1'.repeat(5000), /^cannot read \S+: larger than 4096 bytes$/],
    ['a directory', (path) => mkdirSync(path), /^cannot read \S+: not a regular file$/],
    ['a FIFO', (path) => execFileSync('mkfifo', [path]), /^cannot read \S+: not a regular file$/],
    ['a link to a device', (path) => symlinkSync('/dev/zero', path), /: a symbolic link leads out of the root$/],
    [
      'a link out of the root',
      (path) => symlinkSync('/etc/hostname', path),
      /: a symbolic link leads out of the root$/,
    ],
    ['a link in a circle', (path) => symlinkSync(path, path), /^cannot read \S+: ELOOP$/],
  ];

  test.each(faults)('UNKNOWN: count is %s', (_, count, words) => {
    expectUnknown(check({ [`${NETFILTER}/nf_conntrack_count`]: count }), 'nf_conntrack_count', words);
  });

  test.each(faults)('UNKNOWN: max is %s', (_, max, words) => {
    const both = { [`${NETFILTER}/nf_conntrack_max`]: max, 'proc/sys/net/nf_conntrack_max': null };
    expectUnknown(check(both), 'nf_conntrack_max', words);
  });

  test.runIf(isRoot)('UNKNOWN: count is a device', () => {
    const device = (path: string) => void execFileSync('mknod', [path, 'c', '1', '5']);
    const answer = check({ [`${NETFILTER}/nf_conntrack_count`]: device });
    expectUnknown(answer, 'nf_conntrack_count', /: not a regular file$/);
  });

  test('OK: follows a link that stays inside the root', () => {
    const answer = check({
      [`${NETFILTER}/nf_conntrack_count`]: (path) => symlinkSync('../nf_conntrack_max', path),
      'proc/sys/net/nf_conntrack_max': '12\n',
    });
    expect(answer).toMatchObject({ status: 0, stdout: expect.stringContaining(' 12 of 262144 entries ') });
  });

  test('OK: uses the second name of the limit if netfilter/ has no max', () => {
    const answer = check({ [`${NETFILTER}/nf_conntrack_max`]: null, 'proc/sys/net/nf_conntrack_max': '1200\n' });
    expect(answer).toMatchObject({ status: 0, stdout: expect.stringContaining(' 12 of 1200 entries ') });
  });

  test('UNKNOWN: does not replace an unreadable limit by its second name', () => {
    const answer = check({ [`${NETFILTER}/nf_conntrack_max`]: 'secret', 'proc/sys/net/nf_conntrack_max': '1200\n' });
    expectUnknown(answer, 'netfilter/nf_conntrack_max', /not a number, 6 bytes$/);
  });
});

describe('files that the verdict does not need', () => {
  const HEADER = 'entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop\n';
  const ROW = '0000000c  00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000';
  const faults: readonly (readonly [string, Changes, string, RegExp])[] = [
    ['no counters', { [STATISTICS]: null }, 'drop=0', /no drop: cannot read \S+: no such file/],
    ['counters unreadable', { [STATISTICS]: unreadable }, 'drop=0', /no drop: cannot read \S+: permission denied/],
    ['counters empty', { [STATISTICS]: '' }, 'drop=0', /no drop: cannot use \S+: empty/],
    ['counters without a line', { [STATISTICS]: HEADER }, 'drop=0', /no drop: cannot use \S+: not in a known format/],
    ['counters cut short', { [STATISTICS]: `${HEADER}${ROW}\n` }, 'drop=0', /no drop: cannot use \S+: not in a known/],
    ['counters of text', { [STATISTICS]: 'secret\nsecret\n' }, 'drop=0', /no drop: cannot use \S+: not in a known/],
    ['counters without drop', { [STATISTICS]: 'entries\n0000000c\n' }, 'drop=0', /no drop: cannot use \S+: not in/],
    ['no buckets', { [`${NETFILTER}/nf_conntrack_buckets`]: null }, 'load_factor=9', /no load_factor: cannot read /],
    ['zero buckets', { [`${NETFILTER}/nf_conntrack_buckets`]: '0\n' }, 'load_factor=9', /no load_factor: .*: zero/],
    [
      'no MemTotal',
      { 'proc/meminfo': 'secret: 1 kB\n' },
      'memory_share=99',
      /no memory_share: .*: not in a known format/,
    ],
    [
      'no object size',
      { 'proc/sys/kernel/osrelease': 'secret' },
      'slab=1TiB',
      /no slab: cannot use .*osrelease: not in/,
    ],
  ];

  test.each(faults)('OK: %s, left out and named in -v', (_, changes, threshold) => {
    const [metric = ''] = threshold.split('=');
    const answer = check(changes, '-v');
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).not.toContain(` ${metric}=`);
    expect(answer.stdout).toMatch(/\n(?:no|size of RAM|kernel release) .*: cannot (?:read|use) /);
    expect(answer.stdout).not.toContain('secret');
  });

  test.each(faults)('UNKNOWN: %s, with a threshold on it', (_, changes, threshold, words) => {
    const answer = check(changes, '-w', threshold);
    expect(answer).toMatchObject({ status: 3, stderr: '' });
    expect(answer.stdout).toMatch(/^CONNTRACK UNKNOWN - no /);
    expect(answer.stdout).toMatch(words);
    expect(answer.stdout).toContain(' 12 of 262144 entries ');
  });

  test('OK: no counters, with a threshold that can never be exceeded', () => {
    expect(check({ [STATISTICS]: null }, '-w', 'drop=~:')).toMatchObject({ status: 0 });
  });

  test('CRITICAL: something readable is worse than something unreadable', () => {
    const answer = check({ [STATISTICS]: null }, '-w', 'drop=0', '-c', '0:0.001');
    expect(answer).toMatchObject({ status: 2 });
    expect(answer.stdout).toMatch(/^CONNTRACK CRITICAL - 12 of 262144 entries .*; no drop: cannot read /);
  });

  test('OK: ignores a slabinfo of text and estimates', () => {
    const answer = check({ 'proc/slabinfo': 'nf_conntrack secret\n' }, '-v');
    expect(answer.stdout).toMatch(/^CONNTRACK OK - .* about 64\.0 MiB slab if full /);
    expect(answer.stdout).toMatch(/\nobject size estimated: cannot use \S+slabinfo: not in a known format\n/);
  });
});

describe('a threshold that does not apply changes no state, and -v names it', () => {
  test.each([
    [
      'unsupported by this kernel',
      'debian-12-synthetic',
      'linux-2.6.32-el6-hashsize-capture',
      'chainlength=0',
      'chainlength',
    ],
    ['no limit is set', 'usage-85-synthetic', 'no-limit-synthetic', 'slab_max=0', 'slab_max'],
  ])('%s', (why, judged, unjudged, threshold, metric) => {
    expect(plugin('--root', fixture(judged), '-c', threshold).status).toBe(2);
    const answer = plugin('--root', fixture(unjudged), '-c', threshold, '-v');
    expect(answer.status).toBe(0);
    expect(answer.stdout).toContain(`\nnot judged: ${metric}: ${why}\n`);
    expect(answer.stdout).not.toContain(` ${metric}=`);
  });
});

test('ignores the old names next to the new ones', () => {
  const [sysctls, counters] = ['proc/sys/net/ipv4/netfilter', 'proc/net/stat/ip_conntrack'];
  const wrong = {
    [`${sysctls}/ip_conntrack_count`]: '11\n',
    [`${sysctls}/ip_conntrack_max`]: '12\n',
    [counters]: 'x\n',
  };
  const { stdout } = plugin('--root', tree('linux-3.10-drops-capture', wrong));
  expect(stdout).toBe(plugin('--root', fixture('linux-3.10-drops-capture')).stdout);
  expect(stdout).toContain('table full: 400 entries (100.0%), since boot: 6200 dropped');
});

describe('the root', () => {
  test('UNKNOWN: missing', () => {
    expect(plugin('--root', '/nowhere').stdout).toBe('CONNTRACK UNKNOWN - cannot read /nowhere: no such file\n');
  });

  test('UNKNOWN: a file', () => {
    expect(plugin('--root', '/etc/passwd').stdout).toBe(
      'CONNTRACK UNKNOWN - cannot read /etc/passwd: not a directory\n',
    );
  });

  test('UNKNOWN: an impossible name, printed in part', () => {
    const { stdout } = plugin('--root', `/${'x'.repeat(5000)}`);
    expect(stdout).toBe(`CONNTRACK UNKNOWN - cannot read ...${'x'.repeat(61)}: ENAMETOOLONG\n`);
  });

  test('UNKNOWN: removes hostile characters', () => {
    const { stdout } = plugin('--root', '/a|b\n\u001b[2Jc\u00e9');
    expect(stdout).toMatch(/^CONNTRACK UNKNOWN - cannot read \/a\?b\?\?\?2Jc\?+: no such file\n$/);
  });
});

describe('the deadline', () => {
  test.each(['0.0000001', '.0000001'])('UNKNOWN: %s s, naming the file that it was about to read', (seconds) => {
    const answer = plugin('--timeout', seconds);
    expect(answer).toMatchObject({ status: 3, stderr: '' });
    expect(answer.stdout).toBe(
      'CONNTRACK UNKNOWN - timeout before reading /proc/sys/net/netfilter/nf_conntrack_count\n',
    );
  });
});

function expectUnknown({ status, stdout, stderr }: Answer, path: string, words: RegExp): void {
  expect(stdout).toMatch(/^CONNTRACK UNKNOWN - [^|\n]*\n$/);
  expect(stdout).toContain(path);
  expect(stdout.trimEnd().replace('CONNTRACK UNKNOWN - ', '')).toMatch(words);
  expect(stdout).not.toContain('secret');
  expect({ status, stderr }).toEqual({ status: 3, stderr: '' });
}
