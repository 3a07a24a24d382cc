// Unusual lines of sysctl.d and modprobe.d, with the file that has them.

import { describe, expect, test } from 'vitest';
import { parseCommands } from '../../../../src/kernel/settings/commands.ts';
import { parseCommandLine, parseModprobeFile } from '../../../../src/kernel/settings/module-options.ts';
import { parseHostFirewall } from '../../../../src/kernel/settings/pve-firewall.ts';
import { readUfw } from '../../../../src/kernel/settings/services.ts';
import { parseSysctlFile } from '../../../../src/kernel/settings/sysctl-file.ts';

const NAME = 'net.netfilter.nf_conntrack_max';
const OTHER = 'net.nf_conntrack_max';

describe('sysctl.d', () => {
  const read = (text: string) => parseSysctlFile(text, '/etc/sysctl.d/a.conf', true);

  test('each line that is about the limit, with the file', () => {
    expect(parseSysctlFile(`x = 1\n${NAME} = 2\nkernel.* = 3\n-${OTHER}\n`, '/a', false)).toEqual([
      { key: NAME, names: [NAME], isPattern: false, value: 2, path: '/a', atBoot: false },
      { key: OTHER, names: [OTHER], isPattern: false, value: undefined, path: '/a', atBoot: false },
    ]);
    expect(read(`${NAME} = 2`)).toMatchObject([{ atBoot: true, path: '/etc/sysctl.d/a.conf' }]);
  });

  test.each([
    ['net/*/nf?conntrack_max = 7', NAME],
    ['net.nf?connt[r]ack_max = 7', OTHER],
    ['net.nf_????????k_max = 7', OTHER],
    ['net.nf_[c]onn[t]rack_max = 7', OTHER],
    ['-net.netfilter.nf_con*_max = 7', NAME],
  ])('by patterns alone: %s', (line, name) => {
    expect(read(line)).toMatchObject([{ names: [name], isPattern: true, value: 7 }]);
  });

  test.each([
    ['at its largest', 2 ** 31 - 1, true],
    ['beyond that', 2 ** 31, false],
  ])('a value %s', (_, value, isTaken) =>
    expect(read(`${NAME}=${value}`)).toMatchObject([
      isTaken ? { value } : { value: undefined, refused: { kind: 'too large', bytes: 10 } },
    ]),
  );

  test('nothing of either', () => expect(read('kernel.panic = 1\n')).toEqual([]));

  test.each([
    ['a pattern without a value', 'net.netfilter.nf_conntrack_m*'],
    ['two signs before it', `--${NAME} = 7`],
    ['another key', 'net.netfilter.nf_conntrack_buckets = 7'],
  ])('%s sets nothing', (_, line) => expect(read(line)).toEqual([]));

  test('a minus before a pattern, and a space after it', () => {
    expect(read('-net.netfilter.nf_conntrack_m*')).toMatchObject([{ isPattern: true, value: undefined }]);
    expect(read(`- ${NAME} = 7`)).toMatchObject([{ key: NAME, value: 7 }]);
  });
});

describe('modprobe.d', () => {
  test('statements and their file', () => {
    const text = 'alias x y\noptions nf-conntrack a=1 hashsize=4096\noptions ip_conntrack hashsize=8\n';
    expect(parseModprobeFile(text, '/a')).toEqual({
      hashsizes: [
        { path: '/a', module: 'nf_conntrack', key: 'hashsize', value: 4096 },
        { path: '/a', module: 'ip_conntrack', key: 'hashsize', value: 8 },
      ],
      refused: [],
      commands: [],
      reapplies: false,
    });
    expect(parseModprobeFile('options x hashsize=1\n', '/a')).toEqual({
      hashsizes: [],
      refused: [],
      commands: [],
      reapplies: false,
    });
  });

  test.each([
    ['another option', 'options nf_conntrack hashsizes=1'],
    ['an option that ends so', 'options nf_conntrack xhashsize=1'],
    ['no value', 'options nf_conntrack hashsize'],
    ['another statement', 'blacklist nf_conntrack hashsize=1'],
    ['no module', 'options\n# nf_conntrack hashsize=1'],
    ['a line that is joined to a comment', '# x \\\noptions nf_conntrack hashsize=1'],
    ['the last one is none', 'options nf_conntrack hashsize=1 hashsize=x'],
    ['more than any limit may be', 'options nf_conntrack hashsize=268434945'],
    ['a quote without its other', 'options nf_conntrack hashsize="8'],
  ])('nothing: %s', (_, text) => expect(parseModprobeFile(text, '/a').hashsizes).toEqual([]));

  test.each([
    ['the largest', 'options nf_conntrack hashsize=268434944', 268_434_944],
    ['in quotes, which the kernel takes away', 'options nf_conntrack hashsize="8"', 8],
  ])('hashsize: %s', (_, text, value) => {
    expect(parseModprobeFile(text, '/a').hashsizes).toMatchObject([{ value }]);
  });

  test('lines that are joined have nothing in between but what is written', () => {
    const hashsizes = (text: string) => parseModprobeFile(text, '/a').hashsizes;
    expect(hashsizes('options nf_conntrack \\\nhashsize=8')).toMatchObject([{ value: 8 }]);
    expect(hashsizes('options nf_conntrack hash\\\nsize=8')).toMatchObject([{ value: 8 }]);
    // freadline_wrapped() of kmod puts nothing in between.
    expect(hashsizes('options nf_conntrack\\\nhashsize=8')).toEqual([]);
  });

  test.each([
    ['install nf_conntrack /bin/true; sysctl -p', true],
    ['install nf-conntrack /sbin/sysctl', true],
    ['install nf_nat sysctl -p\n# conntrack', false],
    ['remove nf_conntrack sysctl -p', false],
    ['install nf_conntrack /bin/true\ninstall ip_conntrack /sbin/sysctl -p', true],
  ])('runs sysctl again: %j: %j', (text, expected) => expect(parseModprobeFile(text, '/a').reapplies).toBe(expected));
});

describe('a key as each program takes it', () => {
  test.each<[string, readonly boolean[]]>([
    [NAME, [true, true, true]],
    [`-${NAME}`, [true, true, false]],
    [`- ${NAME}`, [true, false, false]],
    ['net/netfilter/nf_conntrack_max', [true, true, true]],
    ['/net/netfilter/nf_conntrack_max', [true, true, false]],
    ['net/netfilter.nf_conntrack_max', [false, false, true]],
    ['net.netfilter/nf_conntrack_max', [false, false, false]],
    ['net..netfilter.nf_conntrack_max', [true, true, true]],
    ['net.netfilter.nf_conntrack_m*', [true, true, false]],
  ])('%s: systemd, procps and busybox', (key, expected) => {
    const readers = ['systemd', 'procps', 'busybox'] as const;
    expect(readers.map((reader) => parseSysctlFile(`${key}=7`, '/a', true, reader).length > 0)).toEqual(expected);
  });
});

describe('values that the kernel refuses', () => {
  test.each([
    ['a number', `${NAME} = 655360/n`, 'not a number', 8],
    ['a value', `${NAME} =`, 'not a number', 0],
    ['less', `${NAME} = 4294967296`, 'too large', 10],
  ])('it wants %s', (_, line, kind, bytes) => {
    const [parsed] = parseSysctlFile(line, '/a', true);
    expect(parsed).toMatchObject({ value: undefined, refused: { kind, bytes } });
  });

  test.each([
    [
      'an option that no version has',
      'options nf_conntrack nf_conntrack_max=9',
      { key: 'nf_conntrack_max', refused: undefined },
    ],
    [
      'more buckets than an int has bytes for',
      'options nf_conntrack hashsize=300000000',
      { key: 'hashsize', refused: { kind: 'too large', bytes: 9 } },
    ],
    [
      'a hashsize that is no number',
      'options nf-conntrack hashsize=many',
      { key: 'hashsize', refused: { kind: 'not a number', bytes: 4 } },
    ],
  ])('%s', (_, line, expected) => {
    const option = { path: '/a', module: 'nf_conntrack', ...expected };
    expect(parseModprobeFile(line, '/a').refused).toEqual([option]);
  });

  test('hashsize=0, which is for the default, is taken', () => {
    expect(parseModprobeFile('options nf_conntrack hashsize=0', '/a').refused).toEqual([]);
  });
});

describe('commands that set the limit', () => {
  test.each([
    ['sysctl -w net.netfilter.nf_conntrack_max=9', 9],
    ['/sbin/sysctl -q -w "net.nf_conntrack_max = 9"', 9],
    ['test -e /x && echo 9 > /proc/sys/net/netfilter/nf_conntrack_max', 9],
    ["echo '9' >/proc/sys/net/nf_conntrack_max", 9],
  ])('%s', (line, value) =>
    expect(parseCommands(`x\n${line}\n`, '/etc/rc.local')).toMatchObject([{ value, atBoot: true }]),
  );

  test.each([
    ['# sysctl -w net.netfilter.nf_conntrack_max=9'],
    ['net.netfilter.nf_conntrack_max=9'],
    ['echo 9 >/tmp/nf_conntrack_max'],
  ])('not one: %s', (line) => expect(parseCommands(line, '/etc/rc.local')).toEqual([]));

  test('an install line of modprobe.d, of whatever module', () => {
    const text =
      'install nf_nat /sbin/modprobe --ignore-install nf_nat; sysctl -w net.netfilter.nf_conntrack_max=9\n# conntrack';
    expect(parseModprobeFile(text, '/a').commands).toMatchObject([{ path: '/a', value: 9 }]);
  });
});

describe('services that set the limit', () => {
  test.each([
    ['not set', '[OPTIONS]\n\nenable: 1\n', []],
    ['in steps of 8192', '[OPTIONS]\nnf_conntrack_max: 1000000\n', [{ value: 1_007_616 }]],
    ['no more than its default', '[OPTIONS]\nnf_conntrack_max: 262144\n', []],
  ])('pve-firewall: %s', (_, text, lines) => expect(parseHostFirewall(text)).toMatchObject(lines));

  test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
    ['enabled', {}, '/etc/ufw/sysctl.conf'],
    ['disabled', { '/etc/ufw/ufw.conf': 'ENABLED=no\n' }, undefined],
    ['another file', { '/etc/default/ufw': 'IPT_SYSCTL="/etc/other.conf"\n' }, '/etc/other.conf'],
    ['no file', { '/etc/default/ufw': 'IPV6=yes\nIPT_SYSCTL=""\n' }, undefined],
    ['the file in a comment', { '/etc/default/ufw': '#IPT_SYSCTL=/etc/ufw/sysctl.conf\n' }, undefined],
  ])('ufw: %s', (_, files, path) => {
    const text = 'net/netfilter/nf_conntrack_max=9\n';
    const all: Readonly<Record<string, string>> = {
      '/etc/ufw/ufw.conf': 'ENABLED=yes\n',
      '/etc/ufw/sysctl.conf': text,
      '/etc/other.conf': text,
      ...files,
    };
    const lines = readUfw((each) => all[each] ?? '');
    expect(lines).toMatchObject(path === undefined ? [] : [{ key: NAME, value: 9, path }]);
    expect(lines).toHaveLength(path === undefined ? 0 : 1);
  });
});

describe('the command line', () => {
  const read = (text: string) => parseCommandLine(text, '/proc/cmdline');

  test('nothing of either', () => expect(read('quiet')).toEqual([]));

  test('for each module its own', () => {
    expect(read('ip_conntrack.hashsize=8 nf_conntrack.hashsize=0x10')).toEqual([
      { path: '/proc/cmdline', module: 'nf_conntrack', key: 'nf_conntrack.hashsize', value: 16 },
      { path: '/proc/cmdline', module: 'ip_conntrack', key: 'ip_conntrack.hashsize', value: 8 },
    ]);
  });

  test.each([
    ['nothing of it', 'quiet hashsize=8', undefined],
    ['its first word', 'nf_conntrack.hashsize=8 quiet', 8],
    ['another sign in the value', 'nf-conntrack.hashsize=8=9', undefined],
    ['a sign in the value stays', 'nf_conntrack.hashsize=-8', undefined],
    ['several blanks in quotes', 'x="a  b nf_conntrack.hashsize=1 c" nf_conntrack.hashsize=2', 2],
    ['behind two quoted words', 'x="a b" y="c nf_conntrack.hashsize=1" z', undefined],
    ['in front of what is for init', 'nf_conntrack.hashsize=1 -- nf_conntrack.hashsize=2', 1],
    ['two signs in a word', 'x--y nf_conntrack.hashsize=1', 1],
    ['zero', 'nf_conntrack.hashsize=0', undefined],
    ['a tab between', 'a\tnf_conntrack.hashsize=1', 1],
  ])('%s', (_, text, value) => expect(read(text)[0]?.value).toBe(value));
});
