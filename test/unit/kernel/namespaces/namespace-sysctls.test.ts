// Sysctls of a namespace: ours from the files, another's printed by a process inside it.

import { describe, expect, test } from 'vitest';
import { readSettings, readSysctls, readTunables } from '../../../../src/kernel/namespaces/namespace-sysctls.ts';
import { fault, ok, otherTable, table } from '../../support/observation.ts';
import { type Files, rootOf } from '../../support/root.ts';
import { type Tools, withTools } from '../../support/tools.ts';

const FOLDER = 'proc/sys/net/netfilter';
const FILES: Files = {
  [`${FOLDER}/nf_conntrack_udp_timeout`]: '30\n',
  [`${FOLDER}/nf_conntrack_checksum`]: '1\n',
  [`${FOLDER}/nf_conntrack_max`]: 'many\n',
  [`${FOLDER}/ip_conntrack_checksum`]: '7\n',
};
const own = (files = FILES) => ({ ...rootOf(files), view: 'own' as const });

describe('our own namespace', () => {
  test('returns the wanted ones that can be read', () => {
    const lines = withTools({});
    expect([...readSysctls(own(), 'nf_conntrack', table(), () => true)]).toEqual([
      ['checksum', 1],
      ['udp_timeout', 30],
    ]);
    const wanted = readSysctls(own(), 'nf_conntrack', table(), (name) => name === 'checksum');
    expect([...wanted]).toEqual([['checksum', 1]]);
    expect(lines).toEqual([]);
  });

  test('returns none without the directory', () => {
    expect(readSysctls(own({}), 'nf_conntrack', table(), () => true).size).toBe(0);
  });
});

describe('another namespace', () => {
  const PRINTED = `/${FOLDER}/nf_conntrack_checksum:0\n/${FOLDER}/nf_conntrack_udp_timeout:31\n`;
  const readWith = (tools: Tools, { user = 0, files = FILES, namespace = otherTable() } = {}) => {
    const lines = withTools(tools, user);
    const root = own(files);
    const settings = [...readSysctls(root, 'nf_conntrack', namespace, (name) => name !== 'max')];
    return { settings, lines: lines.map((line) => line.replace(root.locate(''), '')), attempts: root.attempts };
  };
  const FOUND = [
    ['checksum', 0],
    ['udp_timeout', 31],
  ];

  test('runs grep inside it', () => {
    const { settings, lines, attempts } = readWith({ '/usr/bin/nsenter': '', '/bin/grep': PRINTED });
    expect(settings).toEqual(FOUND);
    const paths = ['checksum', 'max', 'udp_timeout'].map((name) => `/${FOLDER}/nf_conntrack_${name}`);
    expect(lines).toEqual([`/usr/bin/nsenter --net=/proc/7/ns/net /bin/grep -sH  ${paths.join(' ')}`]);
    expect(attempts).toMatchObject([{ source: expect.stringMatching(/^nsenter --net=\/.*\/proc\/7\/ns\/net$/) }]);
  });

  test('runs it even if some files are missing', () => {
    expect(readWith({ '/usr/bin/nsenter': '', '/bin/grep': { stdout: PRINTED, status: 2 } }).settings).toEqual(FOUND);
  });

  test.each<[string, Parameters<typeof readWith>]>([
    ['without root', [{ '/usr/bin/nsenter': '', '/bin/grep': PRINTED }, { user: 1000 }]],
    ['without nsenter(1)', [{ '/bin/grep': PRINTED }]],
    ['without grep(1)', [{ '/usr/bin/nsenter': '' }]],
    ['without files', [{ '/usr/bin/nsenter': '', '/bin/grep': PRINTED }, { files: { [`${FOLDER}/x`]: '' } }]],
    [
      'of a namespace that nothing leads to',
      [{ '/usr/bin/nsenter': '', '/bin/grep': PRINTED }, { namespace: otherTable({ pids: [] }) }],
    ],
  ])('does not run it %s', (_, given) => {
    expect(readWith(...given)).toMatchObject({ settings: [], lines: [] });
  });

  test('returns none after the deadline', () => {
    withTools({ '/usr/bin/nsenter': '', '/bin/grep': PRINTED });
    const root = { ...own(), expired: () => ({ kind: 'timeout', source: 'x' }) as const };
    expect(readSysctls(root, 'nf_conntrack', otherTable(), () => true).size).toBe(0);
  });

  // Without -H, grep prints no file name for a single file.
  test('runs grep for a single file', () => {
    const output = (option: string, _: string, path: string) => (option.includes('H') ? `${path}:5\n` : '5\n');
    const files = { [`${FOLDER}/nf_conntrack_checksum`]: '1\n' };
    const { settings, lines } = readWith({ '/usr/bin/nsenter': '', '/bin/grep': output }, { files });
    expect(settings).toEqual([['checksum', 5]]);
    expect(lines).toHaveLength(1);
  });

  test('reads all of them once, whatever is wanted', () => {
    const lines = withTools({ '/usr/bin/nsenter': '', '/bin/grep': PRINTED });
    const root = own();
    expect([...readTunables(root, 'nf_conntrack', otherTable())]).toEqual([['udp_timeout', 31]]);
    expect([...readSysctls(root, 'nf_conntrack', otherTable(), (name) => name === 'checksum')]).toEqual([
      ['checksum', 0],
    ]);
    expect(lines).toHaveLength(1);
  });
});

describe('faults', () => {
  const all = () => true;

  test('our own settings', () => {
    const root = own();
    const settings = readSettings(root, 'nf_conntrack', table(), all);
    const source = root.locate(`/${FOLDER}/nf_conntrack_max`);
    expect(settings.ok && settings.value.get('max')).toEqual({
      ok: false,
      fault: { kind: 'not-a-number', source, detail: '5' },
    });
  });

  const PATH = `/${FOLDER}/nf_conntrack_max`;

  test.each<[string, string, unknown]>([
    ['1', PATH, ok(1, PATH)],
    ['2147483647', PATH, ok(2147483647, PATH)],
    ['1 2', PATH, fault('not-a-number', PATH)],
    ['', PATH, fault('empty', PATH)],
    ['1', `x${PATH}`, fault('missing', PATH)],
    ['1', `${PATH}x`, fault('missing', PATH)],
  ])('another namespace: %j is %s', (text, path, reading) => {
    withTools({ '/usr/bin/nsenter': '', '/bin/grep': `${path}:${text}\n` });
    const settings = readSettings(own(), 'nf_conntrack', otherTable(), all);
    expect(settings.ok && settings.value.get('max')).toEqual(reading);
  });

  test('all settings, if nothing is printed', () => {
    withTools({ '/usr/bin/nsenter': '', '/bin/grep': { stdout: '', status: 2 } });
    const settings = readSettings(own(), 'nf_conntrack', otherTable(), all);
    expect(settings).toMatchObject({ ok: false, fault: { kind: 'io', detail: 'no output' } });
  });
});
