// Sources of the kernel log, in order: its own records, the journal, log files.

import { mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { files } from '#system/files';
import { readFullLog } from '../../../../src/report/diagnosis/kernel-log.ts';
import { lineOf, syslogTime } from '../../../../src/report/diagnosis/log-line.ts';
import type { Failed } from '../../../../src/system/contract.ts';
import { fault, ok } from '../../support/observation.ts';
import { type Files, rootOf } from '../../support/root.ts';
import { type Tools, withTools } from '../../support/tools.ts';

const KMSG = '/dev/kmsg';
const UPTIME = 1000;
const CLOCK = ok({ boot: 'b', uptime: UPTIME });
const FULL = 'nf_conntrack: nf_conntrack: table full, dropping packet';

/** Makes /dev/kmsg return these records, and returns the descriptors closed. */
function withRecords(records: readonly (string | Failed)[]): { readonly closed: readonly number[] } {
  const closed: number[] = [];
  const waiting = records.slice();
  const { open, read, close } = files;
  const spies = [
    vi.spyOn(files, 'open').mockImplementation((path, purpose) => (path === KMSG ? -7 : open(path, purpose))),
    vi.spyOn(files, 'read').mockImplementation((descriptor, into, from, length, position) => {
      if (descriptor !== -7) return read(descriptor, into, from, length, position);
      const record = waiting.shift() ?? { errno: 'EAGAIN' };
      if (typeof record !== 'string') return record;
      into.set(Buffer.from(record, 'latin1'), from);
      return record.length;
    }),
    vi.spyOn(files, 'close').mockImplementation((descriptor) => {
      if (descriptor !== -7) return close(descriptor);
      closed.push(descriptor);
      return undefined;
    }),
  ];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return { closed };
}

/** Log of a machine booted 1000 s ago. */
function logOf(there: Files = {}, tools: Tools = {}, clock: Parameters<typeof readFullLog>[1] = CLOCK) {
  withTools(tools);
  return readFullLog({ ...rootOf(there), view: 'own' }, clock);
}

/** A record written this many seconds after boot. */
function record(seconds: number, text: string): string {
  return `4,1234,${seconds * 1e6},-;${text}\n`;
}

function ages(log: ReturnType<typeof readFullLog>): readonly number[] {
  return log.ok ? log.value.records.map(({ ago }) => Math.round(ago)) : [];
}

describe("the kernel's own records", () => {
  test('give the age and the namespace of each line', () => {
    const { closed } = withRecords([
      record(100, 'x'),
      record(400, FULL),
      record(990, 'nf_conntrack: table full in netns 4026532177, dropping packet'),
    ]);
    const log = logOf();
    expect(log).toMatchObject({
      ok: true,
      source: KMSG,
      value: { lines: 2, namespaces: [4026532177], records: [{ namespace: undefined }, { namespace: 4026532177 }] },
    });
    expect(ages(log)).toEqual([600, 10]);
    expect(log.ok && Math.round(log.value.ago ?? 0)).toBe(10);
    expect(closed).toEqual([-7]);
  });

  test('date lines of other tables by the last one', () => {
    withRecords([
      record(100, 'nf_conntrack: expectation table full'),
      record(200, 'neighbour: arp_cache: neighbor table overflow!'),
      record(300, 'nf_conntrack: expectation table full'),
    ]);
    const log = logOf();
    if (!log.ok) throw new Error(log.fault.kind);
    expect(log.value).toMatchObject({ lines: 0, namespaces: [], records: [] });
    expect(log.value.others?.map(({ of, lines, ago }) => [of, lines, Math.round(ago)])).toEqual([
      ['expectations', 2, 700],
      ['neighbours', 1, 800],
    ]);
  });

  test('give no time without lines about a table', () => {
    withRecords([record(1, 'x')]);
    expect(logOf()).toStrictEqual(ok({ lines: 0, namespaces: [], records: [] }, KMSG));
  });

  test('are never dated in the future if clocks differ', () => {
    withRecords([record(UPTIME + 50, FULL), record(UPTIME + 50, 'Neighbour table overflow.')]);
    expect(logOf()).toMatchObject({ value: { ago: 0, records: [{ ago: 0 }], others: [{ ago: 0 }] } });
  });

  test('are skipped if overwritten', () => {
    withRecords([{ errno: 'EPIPE' }, record(1, FULL), { errno: 'EPIPE' }, { errno: 'EPIPE' }, record(2, FULL)]);
    expect(logOf()).toMatchObject({ value: { lines: 2 } });
  });

  test('cannot be read before 3.5: a log file is used instead, or a fault reported', () => {
    withRecords([{ errno: 'EINVAL' }, { errno: 'EINVAL' }]);
    expect(logOf({ 'var/log/messages': `Nov 23 03:01:44 host kernel: ${FULL}\n` })).toMatchObject({
      value: { lines: 1 },
    });
    expect(logOf()).toEqual({
      ok: false,
      fault: { kind: 'io', source: KMSG, detail: 'not readable before Linux 3.5; see dmesg' },
    });
  });

  test('are read to their end', () => {
    withRecords([record(1, FULL), '', record(2, FULL)]);
    expect(logOf()).toMatchObject({ value: { lines: 1 } });
  });

  test('do not count without a time', () => {
    withRecords([`4,1,x,-;${FULL}\n`, `x4,1,5,-;${FULL}\n`, `4,x,5,-;${FULL}\n`, `4,1,5;${FULL}\n`]);
    expect(logOf()).toMatchObject({ value: { lines: 0 } });
  });

  test('may have fields of several digits', () => {
    withRecords([`6,12345,500000000,-,caller=T1;${FULL}\n`]);
    expect(ages(logOf())).toEqual([500]);
  });

  test('do not count if programs wrote them', () => {
    withRecords([`12,1,500000000,-;${FULL}\n`, `30,2,500000000,-;${FULL}\n`, `4,3,500000000,-;x ${FULL}\n`]);
    expect(logOf()).toMatchObject({ value: { lines: 0 } });
  });

  test('give a fault if they cannot be read', () => {
    const { closed } = withRecords([record(1, FULL), { errno: 'EPERM' }]);
    expect(logOf()).toEqual(fault('denied', KMSG));
    expect(closed).toEqual([-7]);
  });

  test('give a fault if they cannot be opened', () => {
    const spy = vi.spyOn(files, 'open').mockReturnValue({ errno: 'EACCES' });
    onTestFinished(() => spy.mockRestore());
    expect(logOf()).toEqual(fault('denied', KMSG));
  });

  test('are not read without the clock that dates them', () => {
    const { closed } = withRecords([record(1, FULL)]);
    expect(logOf({}, {}, fault('missing', '/proc/uptime'))).toEqual(fault('missing', '/proc/uptime'));
    expect(closed).toEqual([]);
  });
});

describe('log files', () => {
  const NOW = new Date().toISOString();
  const LINE = `${NOW} lb1 kernel: ${FULL}\n`;
  /** Calls `change` after the tree is written, before the log is read. */
  const of = (there: Files, change?: () => void) => {
    withTools({});
    const root = { ...rootOf(there), view: 'own' as const };
    change?.();
    return readFullLog(root, fault('denied', KMSG));
  };

  test.each(['var/log/messages', 'var/log/kern.log', 'var/log/syslog'])('%s', (path) => {
    expect(of({ [path]: LINE })).toMatchObject({ source: `/${path}`, value: { lines: 1 } });
  });

  test.each<[string, (path: string) => void]>([
    ['a directory', (path) => mkdirSync(path)],
    ['a link out of the tree', (path) => symlinkSync('/etc/hostname', path)],
  ])('%s is skipped', (_, make) => {
    expect(of({ 'var/log/messages': make, 'var/log/kern.log': LINE })).toMatchObject({ source: '/var/log/kern.log' });
  });

  test('a file that cannot be opened or read is skipped', () => {
    const there = { 'var/log/messages': LINE, 'var/log/kern.log': LINE };
    for (const call of ['open', 'statusOfOpen', 'read'] as const) {
      const log = of(there, () => {
        const spy = vi.spyOn(files, call).mockReturnValueOnce({ errno: 'EACCES' });
        onTestFinished(() => spy.mockRestore());
      });
      expect(log).toMatchObject({ ok: true, source: '/var/log/kern.log' });
    }
  });

  test.each<[string, string, number]>([
    ['a printk time before the text', `${NOW} lb1 kernel: [  123.456789] ${FULL}\n`, 1],
    ['the traditional syslog time', `Nov 23 03:01:44 lb1 kernel: ${FULL}\n`, 1],
    ['a fully qualified host name', `${NOW} lb1.example.net kernel: ${FULL}\n`, 1],
    ['a user name logged by sshd', `${NOW} lb1 sshd[12]: Invalid user nf_conntrack: table full, dropping packet\n`, 0],
    ['a line written by logger', `${NOW} lb1 root: ${FULL}\n`, 0],
    ['a program with a similar name', `${NOW} lb1 xkernel: ${FULL}\n`, 0],
    ['another tag in front', `${NOW} lb1 sshd: kernel: ${FULL}\n`, 0],
    ['another host', `${NOW} lb2 kernel: ${FULL}\n`, 0],
  ])("only the kernel's own lines count: %s", (_, line, lines) => {
    expect(of({ 'var/log/messages': line, 'proc/sys/kernel/hostname': 'LB1\n' })).toMatchObject({ value: { lines } });
  });

  test('the file is closed after reading', () => {
    const spies: { readonly mock: { readonly calls: readonly unknown[] } }[] = [];
    of({ 'var/log/messages': LINE }, () => {
      const spy = vi.spyOn(files, 'close');
      onTestFinished(() => spy.mockRestore());
      spies.push(spy);
    });
    expect(spies[0]?.mock.calls).toHaveLength(1);
  });

  test('only the end of a long file is read', () => {
    const half = 'x'.repeat(1 << 21);
    const text = [LINE, half, '\n', LINE, half].join('');
    expect(of({ 'var/log/messages': text })).toMatchObject({ value: { lines: 1 } });
  });
});

describe('the journal', () => {
  const LINE = `1795402904.123456 lb1 kernel: ${FULL}\n`;
  const of = (tools: Tools) => {
    const lines = withTools(tools);
    const root = { ...rootOf({}), view: 'host' as const };
    return { log: readFullLog(root, fault('denied', KMSG)), lines, attempts: root.attempts };
  };
  const ARGS = '-k -q --no-pager -o short-unix -n 20000';

  test.each(['/usr/bin/journalctl', '/bin/journalctl'])('%s', (place) => {
    const { log, lines } = of({ [place]: `-- x\n${LINE}1795402905.5 lb1 kernel: x\n` });
    expect(log).toMatchObject({ ok: true, source: 'journalctl -k', value: { lines: 1 } });
    expect(lines[lines.length - 1]).toBe(`${place} ${ARGS}`);
  });

  test('gives the age of a line', () => {
    const spy = vi.spyOn(Date, 'now').mockReturnValue(1_795_402_964_000);
    onTestFinished(() => spy.mockRestore());
    expect(ages(of({ '/bin/journalctl': LINE }).log)).toEqual([60]);
  });

  test.each([
    ['after another word', `x ${LINE}`],
    ['without a fraction', LINE.replace('.123456', '')],
    ['without a blank after it', LINE.replace('123456 ', '123456x ')],
    ['without seconds', LINE.replace('1795402904', '')],
  ])('ignores a time %s', (_, line) => {
    expect(of({ '/bin/journalctl': line }).log).toMatchObject({ ok: true, value: { lines: 0 } });
  });

  test.each([
    ['reports denied if journalctl prints nothing', '', { kind: 'denied', source: 'journalctl -k' }],
    [
      'reports the exit status if journalctl fails',
      { stdout: LINE, status: 1 },
      { kind: 'io', source: 'journalctl -k', detail: 'exit status 1' },
    ],
  ])('%s', (_, said, expected) => {
    const { log, attempts } = of({ '/bin/journalctl': said });
    expect(log).toEqual(fault('denied', KMSG));
    expect(attempts).toMatchObject([{ fault: expected }]);
  });
});

describe('a log line', () => {
  test.each(['ip_conntrack: table full, dropping packet', 'nf_conntrack: nf_conntrack: table full, dropping packet.'])(
    'is about a full table: %s',
    (text) => expect(lineOf(text, 5)).toEqual([{ at: 5, namespace: undefined }]),
  );

  test.each([
    'Invalid user nf_conntrack: table full, dropping packet',
    'xf_conntrack: table full, dropping packet',
    'nf_conntrack: table full in netns x, dropping packet',
    'nf_conntrack: table full in netns 12345678901, dropping packet',
    'arp_cache: neighbor table overflown',
  ])('is not about a full table: %s', (text) =>
    expect(lineOf(text, 5).filter(({ of }) => of === undefined)).toEqual([]),
  );

  test('is about expectations, in the words of ip_conntrack', () => {
    expect(lineOf('ip_conntrack: expectation table full', 5)).toMatchObject([{ of: 'expectations' }]);
  });

  // A line up to a day ahead may come from another time zone; a later one is from last year.
  test('gets the current or the last year if it has none', () => {
    const now = new Date(2026, 0, 1, 12, 0, 0).getTime();
    expect(syslogTime('Jan  2 12:00:00 lb1 x', now)).toBe(new Date(2026, 0, 2, 12, 0, 0).getTime());
    expect(syslogTime('Jan  2 12:00:01 lb1 x', now)).toBe(new Date(2025, 0, 2, 12, 0, 1).getTime());
  });

  test.each([
    'x 2026-11-23T03:01:44Z lb1',
    'xNov 23 03:01:44 lb1',
    'Nov 23 03:01:4 lb1',
    'Nov 23 03:01:44lb1',
    'Nov x3 03:01:44 lb1',
    'Nov 2x 03:01:44 lb1',
    'nov 23 03:01:44 lb1',
    'NOV 23 03:01:44 lb1',
    'November 23 03:01:44 lb1',
    'Nov 23 3:01:44 lb1',
    'Nov 23 03:1:44 lb1',
  ])('has no time: %j', (line) => expect(syslogTime(line, Date.UTC(2026, 11, 1))).toBeNaN());

  test.each([
    ['2026-11-23T03:01:44.5Z', 500],
    ['2026-11-23T03:01:44.1234567Z', 123],
    ['2026-11-23T03:01:44-00:00', 0],
  ])('has a time with a fraction: %s', (line, milliseconds) => {
    expect(syslogTime(line, 0)).toBe(Date.UTC(2026, 10, 23, 3, 1, 44, milliseconds));
  });
});

describe('log lines about other tables', () => {
  test.each([
    ['nf_conntrack: expectation table full', 'expectations'],
    ['neighbour: arp_cache: neighbor table overflow!', 'neighbours'],
    ['neighbour: ndisc_cache: neighbor table overflow!', 'neighbours'],
    ['Neighbour table overflow.', 'neighbours'],
    ['ipv6: Neighbour table overflow.', 'neighbours'],
  ])('%s', (text, of) => expect(lineOf(text, 5)).toEqual([{ at: 5, namespace: undefined, of }]));

  test('do not include a full connection table', () => {
    expect(lineOf('nf_conntrack: nf_conntrack: table full, dropping packet', 5)).toEqual([
      { at: 5, namespace: undefined },
    ]);
    expect(lineOf('nf_conntrack: table full in netns 7, dropping packet', 5)).toEqual([{ at: 5, namespace: 7 }]);
    expect(lineOf('some other table is full', 5)).toEqual([]);
    expect(lineOf('nf_conntrack: expectation table full', Number.NaN)).toEqual([]);
  });
});
