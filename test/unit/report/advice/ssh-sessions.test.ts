// The ssh sessions of a machine: the one the report runs in, and those of each sshd.

import { mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { files as system } from '#system/files';
import { addressKey, parseSockets, readSshAccess } from '../../../../src/kernel/namespaces/ssh-sessions.ts';
import { otherTable, table } from '../../support/observation.ts';
import { type Files, rootOf, timeFor } from '../../support/root.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const REST = '00000000:00000000 00:00000000 00000000     0        0';
const socket = (local: string, remote: string, state: string, inode: number) =>
  `   0: ${local} ${remote} ${state} ${REST} ${inode} 1 00000000cb91a7b8 100 0 0 10 0\n`;
const ANY = '00000000:0000';
/** 203.0.113.9 and 198.51.100.7 as a little-endian machine prints them. */
const [US, CLIENT] = ['097100CB', '076433C6'];
const key = (address: string) => addressKey(address) ?? '';

const stat = (name: string) => `7 (${name}) S 1 7 7 0 -1 4194560 ${'0 '.repeat(12)}100 0\n`;
const linked =
  (...inodes: readonly number[]): Files[string] =>
  (path) => {
    mkdirSync(path);
    for (const inode of inodes) symlinkSync(`socket:[${inode}]`, `${path}/${inode}`);
    symlinkSync('/dev/null', `${path}/0`);
  };

const SERVER: Files = {
  'proc/net/tcp': `${HEAD}${socket('00000000:08AE', ANY, '0A', 11)}${socket(`${US}:08AE`, `${CLIENT}:C001`, '01', 12)}${socket(`${US}:01BB`, `${CLIENT}:C002`, '01', 13)}`,
  'proc/net/tcp6': `${HEAD}${socket(`${'0'.repeat(32)}:08AE`, `${'0'.repeat(32)}:0000`, '0A', 14)}`,
  'proc/7/stat': stat('sshd'),
  'proc/7/fd': linked(11, 14),
  'proc/8/stat': stat('sshd-session'),
  'proc/8/fd': linked(12),
  'proc/9/stat': stat('nginx'),
  'proc/9/fd': linked(13),
};
const own = (files: Files, deadline?: ReturnType<typeof timeFor>) => ({
  ...rootOf(files, deadline),
  view: 'own' as const,
});

test('the ports of sshd at both ends, and the client addresses', () => {
  expect(readSshAccess(own(SERVER), [table()], undefined)).toEqual({
    listening: new Set([22, 2222]),
    ports: new Set([22, 2222, 49_153]),
    clients: new Set([key('198.51.100.7')]),
    isComplete: true,
    established: new Set([2222, 443]),
  });
});

test("the report's own session, even without any other", () => {
  const found = readSshAccess(own({}), [table()], '2001:db8::7 50022 2001:db8::1 2200');
  expect(found).toMatchObject({ isComplete: false, established: undefined });
  expect([found.listening, found.ports]).toEqual([new Set([22, 2200]), new Set([22, 2200, 50_022])]);
  expect(found.clients).toEqual(new Set([key('2001:db8::7')]));
  for (const broken of ['', 'UNKNOWN 65535 UNKNOWN 65535', '10.0.0.1 x 10.0.0.2 y'])
    expect(readSshAccess(own({}), [table()], broken)).toMatchObject({ clients: new Set(), ports: new Set([22]) });
});

describe('the sessions are incomplete', () => {
  test.each<[string, Files]>([
    ['no sshd is running', { ...SERVER, 'proc/7/stat': stat('bash'), 'proc/8/stat': stat('bash') }],
    ['the sockets cannot be read', { ...SERVER, 'proc/net/tcp': () => undefined }],
  ])('%s', (_, files) => {
    expect(readSshAccess(own(files), [table()], undefined)).toMatchObject({ isComplete: false });
  });

  test('the descriptors of sshd are hidden', () => {
    const { list } = system;
    const spy = vi.spyOn(system, 'list').mockImplementation((path) => {
      return path.endsWith('/proc/8/fd') ? { errno: 'EACCES' } : list(path);
    });
    onTestFinished(() => spy.mockRestore());
    const found = readSshAccess(own(SERVER), [table()], undefined);
    expect(found).toMatchObject({ isComplete: false, ports: new Set([22]), established: new Set([2222, 443]) });
  });

  test('the time was too short to read every process', () => {
    expect(readSshAccess(own(SERVER, timeFor(3)), [table()], undefined)).toMatchObject({ isComplete: false });
  });

  test('a captured tree has no links to sockets, and no session of this process', () => {
    const found = readSshAccess(rootOf(SERVER), [table()], '10.0.0.7 50022 10.0.0.1 2200');
    expect(found).toMatchObject({ isComplete: false, ports: new Set([22]), established: new Set([2222, 443]) });
  });
});

test('sessions in another namespace are read, unless it has no process', () => {
  const files = { ...SERVER, 'proc/7/net/tcp': `${HEAD}${socket('00000000:0456', ANY, '0A', 12)}` };
  const { listening } = readSshAccess(own(files), [table(), otherTable()], undefined);
  expect(listening).toEqual(new Set([22, 2222, 1110]));
  expect(readSshAccess(own(SERVER), [table(), otherTable({ pids: [] })], undefined).isComplete).toBe(true);
});

test('a process that has exited has no sockets', () => {
  const { 'proc/7/fd': _, ...rest } = SERVER;
  expect(readSshAccess(own(rest), [table()], undefined)).toMatchObject({ isComplete: true });
});

test('an IPv4-mapped IPv6 address counts as IPv4', () => {
  const mapped = `0000000000000000FFFF0000${CLIENT}`;
  const [found] = parseSockets(socket(`${mapped}:0016`, `${mapped}:C001`, '01', 5));
  expect(found).toEqual({ inode: '5', state: '01', localPort: 22, remotePort: 49_153, remote: key('198.51.100.7') });
  const [six] = parseSockets(
    socket(`B80D0120${'0'.repeat(16)}01000000:0016`, `B80D0120${'0'.repeat(16)}07000000:0016`, '01', 5),
  );
  expect(six?.remote).toBe(key('2001:db8::7'));
});

test.each([
  ['10.0.0.1', '167772161'],
  ['255.255.255.255', '-1'],
  ['::1', '0,0,0,1'],
  ['2001:db8::', '536939960,0,0,0'],
  ['fe80::1%eth0', '-25165824,0,0,1'],
  ['1:2:3:4:5:6:7:8', '65538,196612,327686,458760'],
  ['1:2:3', undefined],
  ['1.2.3', undefined],
  ['host', undefined],
])('%s', (address, expected) => expect(addressKey(address)).toBe(expected));
