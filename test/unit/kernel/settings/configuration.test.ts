// The formats of the machine's files, as procps, systemd, modprobe and the kernel read them, in time linear in their length.

import { describe, expect, test } from 'vitest';
import { parseKernelNumber } from '../../../../src/kernel/number.ts';
import { globMatches } from '../../../../src/kernel/settings/glob.ts';
import { parseCommandLine, parseModprobeFile } from '../../../../src/kernel/settings/module-options.ts';
import { parseSysctlFile } from '../../../../src/kernel/settings/sysctl-file.ts';
import { parseSlabinfo } from '../../../../src/kernel/table/slabinfo.ts';

const NAME = 'net.netfilter.nf_conntrack_max';
const sysctl = (text: string) => parseSysctlFile(text, '/etc/sysctl.conf', true);

test.each<[string, number | undefined]>([
  ['1000000', 1_000_000],
  [' \t1000000 # more', 1_000_000],
  ['0x100000', 0x100000],
  ['0X1f', 31],
  ['0100000', 32_768],
  ['0', 0],
  ['00', 0],
  ['08', undefined],
  ['0778', undefined],
  ['0x5g', undefined],
  ['10x5', undefined],
  ['0x123456789', undefined],
  ['12345678901', undefined],
  ['1000000#x', undefined],
  ['1e6', undefined],
  ['-1', undefined],
  ['', undefined],
  ['abc', undefined],
])('the kernel takes %j for %j', (text, value) => expect(parseKernelNumber(text)).toBe(value));

describe('a line of sysctl.d', () => {
  test.each<[string, number | undefined]>([
    [`${NAME}=7`, 7],
    [`  ${NAME}  =  7 8`, 7],
    [`-${NAME} = 7`, 7],
    [`  -${NAME} = 7`, 7],
    [`${NAME} = 2147483647`, 2147483647],
    ['net/netfilter/nf_conntrack_max = 7', 7],
    ['/net/netfilter//nf_conntrack_max = 7', 7],
    [`${NAME} = x`, undefined],
    [`${NAME} = 0`, 0],
    [`-${NAME}`, undefined],
  ])('%j sets %j', (line, value) => expect(sysctl(line)).toMatchObject([{ key: NAME, isPattern: false, value }]));

  test.each([
    [`# ${NAME} = 7`],
    [`; ${NAME} = 7`],
    [`${NAME}`],
    [`net.netfilter.nf_conntrack_max_ = 7`],
    ['net/netfilter.nf_conntrack_max = 7'],
    ['net.netfilter/nf_conntrack_max = 7'],
  ])('%j sets nothing', (line) => expect(sysctl(line)).toEqual([]));

  test.each([
    ['net.netfilter.nf_conntrack_*', [NAME]],
    ['net.*.nf_conntrack_max', [NAME]],
    ['net.netfilter.nf_conntrack_ma?', [NAME]],
    ['net.netfilter.nf_conntrack_[a-m]ax', [NAME]],
    ['net.n?_conntrack_max', ['net.nf_conntrack_max']],
  ])('%s is a pattern', (key, names) => expect(sysctl(`${key} = 7`)).toMatchObject([{ isPattern: true, names }]));
});

test.each<[string, string, boolean]>([
  ['*', '', true],
  ['*', 'abc', true],
  ['a*c', 'abc', true],
  ['a*c', 'ab', false],
  ['*b*b*', 'abb', true],
  ['?', '', false],
  ['a?c', 'abc', true],
  ['[a-c]', 'b', true],
  ['[!a-c]', 'b', false],
  ['[^a-c]', 'd', true],
  ['[]]', ']', true],
  ['[!]]', 'a', true],
  ['[a-]', '-', true],
  ['[*]', '*', true],
  ['[*]', 'a', false],
  ['[ab', '[ab', true],
  ['a.*', 'a.b', true],
  ['a.*', 'a.b.c', false],
  ['*', 'a.b', false],
  ['?b', 'aab', false],
  ['b*', 'ab', false],
  ['x*', 'ab', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['[axc]', 'b', false],
  ['[b-c]', 'a', false],
  ['[a-c]', '-', false],
  ['*'.repeat(4096), 'a', true],
  ['*'.repeat(4097), 'a', false],
])('%j matches %j: %j', (pattern, name, matches) => expect(globMatches(pattern, name)).toBe(matches));

describe('the options of a module', () => {
  const options = (text: string) => parseModprobeFile(text, 'x').hashsizes.map(({ module, value }) => [module, value]);
  test.each<[string, readonly (readonly [string, number])[]]>([
    ['options nf_conntrack hashsize=4096', [['nf_conntrack', 4096]]],
    ['  options\tnf-conntrack  a=1 hashsize=0x1000 # x', [['nf_conntrack', 4096]]],
    ['options nf_conntrack hashsize=1 hashsize=2', [['nf_conntrack', 2]]],
    ['options nf_conntrack \\\n hashsize=4096', [['nf_conntrack', 4096]]],
    ['options nf_conntrack\nhashsize=4096', []],
    ['#options nf_conntrack hashsize=4096', []],
    ['options nf_conntrack_ftp hashsize=4096', []],
    ['options ip_conntrack hashsize=0100', [['ip_conntrack', 64]]],
    ['options nf_conntrack hashsize=0', []],
    ['options nf_conntrack hashsize=many', []],
  ])('%j', (text, found) => expect(options(text)).toEqual(found));

  test('sysctl run again by an install statement', () => {
    const text = 'install nf_conntrack /sbin/modprobe --ignore-install nf_conntrack && /sbin/sysctl -p';
    expect(parseModprobeFile(text, 'x').reapplies).toBe(true);
    expect(parseModprobeFile('install nf_conntrack /bin/true\n# sysctl', 'x').reapplies).toBe(false);
  });

  test.each<[string, number | undefined]>([
    ['quiet nf_conntrack.hashsize=4096', 4096],
    ['nf-conntrack.hashsize=4096\n', 4096],
    ['"nf_conntrack.hashsize=4096" x', 4096],
    ['nf_conntrack.hashsize="4096"', 4096],
    ['a="b nf_conntrack.hashsize=1" nf_conntrack.hashsize=2', 2],
    ['a="b nf_conntrack.hashsize=1"', undefined],
    ['init=/x -- nf_conntrack.hashsize=1 x', undefined],
    ['nf_conntrack.hashsize="40 96"', undefined],
    ['nf_conntrack.hashsize=1 nf_conntrack.hashsize=2', 2],
  ])('the command line %j', (text, value) => expect(parseCommandLine(text, 'x')[0]?.value).toBe(value));
});

// Each took minutes when the time grew with the square, or worse: then the test runner's own limit ends it.
describe('a text that is made to take long', () => {
  const MANY = 1_000_000;
  test.each<[string, () => unknown]>([
    ['blanks in front of a line', () => sysctl(`${' '.repeat(MANY)}conntrack`)],
    ['blanks behind a value', () => sysctl(`${NAME} = 5${' '.repeat(MANY)}x`)],
    ['stars', () => sysctl(`net.netfilter.${'*'.repeat(MANY)}c = 5`)],
    ['stars and letters', () => sysctl(`net.netfilter.${'*n'.repeat(MANY / 4)}c = 5`)],
    ['a class that does not end', () => sysctl(`net.netfilter.${'['.repeat(MANY)} = 5`)],
    ['empty lines, modprobe.d', () => parseModprobeFile(`${'\n'.repeat(MANY)}conntrack`, 'x')],
    ['blanks, modprobe.d', () => parseModprobeFile(`options nf_conntrack${' '.repeat(MANY)}x`, 'x')],
    ['blanks on the command line', () => parseCommandLine(`${' '.repeat(MANY)}conntrack"${' '.repeat(MANY)}`, 'x')],
    ['names in one line of slabinfo', () => parseSlabinfo(' nf_conntrack'.repeat(MANY / 10))],
  ])('%s', (_, parse) => expect(parse()).toBeDefined());
});
