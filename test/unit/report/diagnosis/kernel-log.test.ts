import { describe, expect, test } from 'vitest';
import { readFullLog } from '../../../../src/report/diagnosis/kernel-log.ts';
import { syslogTime } from '../../../../src/report/diagnosis/log-line.ts';
import { fault, ok } from '../../support/observation.ts';
import { type Files, rootOf, timeFor } from '../../support/root.ts';

describe('time of a log line', () => {
  const now = new Date(2026, 10, 23, 12, 0, 0).getTime();
  test.each<[string, number]>([
    ['Nov 23 03:01:44 lb1 kernel: x', new Date(2026, 10, 23, 3, 1, 44).getTime()],
    ['Nov  3 03:01:44 lb1 kernel: x', new Date(2026, 10, 3, 3, 1, 44).getTime()],
    // December is after now, so the line is from last year.
    ['Dec 31 23:59:59 lb1 kernel: x', new Date(2025, 11, 31, 23, 59, 59).getTime()],
    ['2026-11-23T03:01:44.123456+00:00 lb1 kernel: x', Date.UTC(2026, 10, 23, 3, 1, 44, 123)],
    ['2026-11-23T03:01:44Z lb1 kernel: x', Date.UTC(2026, 10, 23, 3, 1, 44)],
    ['2026-11-23T03:01:44+01:00 lb1 kernel: x', Date.UTC(2026, 10, 23, 2, 1, 44)],
    ['2026-11-23T03:01:44+0100 lb1 kernel: x', Date.UTC(2026, 10, 23, 2, 1, 44)],
    ['2026-11-23T03:01:44,123456+08:00 lb1 kernel: x', Date.UTC(2026, 10, 22, 19, 1, 44, 123)],
    ['2026-11-23 03:01:44 lb1 kernel: x', new Date(2026, 10, 23, 3, 1, 44).getTime()],
    ['Mon Nov 23 03:01:44 2026 kern.warn kernel: x', new Date(2026, 10, 23, 3, 1, 44).getTime()],
    ['2025 Nov 23 03:01:44 switch kernel: x', new Date(2025, 10, 23, 3, 1, 44).getTime()],
    ['<4>Nov 23 03:01:44 router kernel: x', new Date(2026, 10, 23, 3, 1, 44).getTime()],
  ])('%s', (line, expected) => expect(syslogTime(line, now)).toBe(expected));

  test.each(['', 'kernel: nothing', '03:01:44 lb1', 'Foo 99 03:01:44 lb1'])('not found in %j', (line) => {
    expect(syslogTime(line, now)).toBeNaN();
  });
});

describe("the first log file with content, if the kernel's own log is not readable", () => {
  const NOW = new Date();
  const stamp = (secondsAgo: number) => new Date(NOW.getTime() - 1000 * secondsAgo).toISOString();
  const line = (ago: number, netns?: number) =>
    `${stamp(ago)} lb1 kernel: nf_conntrack: table full${netns === undefined ? '' : ` in netns ${netns}`}, dropping packet\n`;
  // No time left to run journalctl.
  const logOf = (files: Files) =>
    readFullLog({ ...rootOf(files, timeFor(0)), view: 'host' }, fault('denied', '/proc/uptime'));

  test('gives the number of lines, their times and their namespaces, latest first', () => {
    const log = logOf({ 'var/log/messages': line(90, 7) + line(80, 8) + line(70, 7) + line(60) });
    if (!log.ok) throw new Error(log.fault.kind);
    expect(log.source).toBe('/var/log/messages');
    expect(log.value).toMatchObject({ lines: 4, namespaces: [7, 8] });
    expect(Math.round(log.value.ago ?? 0)).toBeGreaterThanOrEqual(60);
    expect(log.value.ago).toBeLessThan(80);
    const local = (ago: number) => {
      const at = new Date(NOW.getTime() - 1000 * ago);
      const two = (figure: number) => String(figure).padStart(2, '0');
      return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
    };
    expect(log.value.first).toMatch(new RegExp(`^\\d{4}-\\d\\d-\\d\\d ${local(90)}$`));
    expect(log.value.last).toMatch(new RegExp(` ${local(60)}$`));
  });

  test.each([
    'lb1 kernel: ip_conntrack: VPS 101 table full, dropping packet.',
    'lb1 kernel: nf_conntrack: CT 101: table full, dropping packet.',
    'lb1 kernel: [38775494.393661] nf_conntrack: nf_conntrack: table full, dropping packet',
    'kern.warn kernel: [34592.938265] nf_conntrack: table full, dropping packet',
    'lb1 kern.warn kernel: [  152.014434] nf_conntrack: table full, dropping packet',
    'kernel: nf_conntrack: table full, dropping packet',
  ])('counts the line %s', (words) => {
    expect(logOf({ 'var/log/messages': `${stamp(5)} ${words}\n` })).toMatchObject({ ok: true, value: { lines: 1 } });
  });

  test.each([
    'lb1 program: nf_conntrack: table full, dropping packet',
    'lb1 kernel: program: nf_conntrack: table full, dropping packet',
  ])('does not count a line of a program: %s', (words) => {
    expect(logOf({ 'var/log/messages': `${stamp(5)} ${words}\n` })).toMatchObject({ ok: true, value: { lines: 0 } });
  });

  test('does not count other lines, or lines without a time', () => {
    const text = `${stamp(5)} lb1 kernel: x\nkernel: nf_conntrack: table full, dropping packet\n`;
    expect(logOf({ 'var/log/messages': text })).toMatchObject({ ok: true, value: { lines: 0, namespaces: [] } });
  });

  test.each<[string, Files, string]>([
    [
      'is messages if there are several',
      { 'var/log/messages': line(1), 'var/log/kern.log': line(1), 'var/log/syslog': line(1) },
      '/var/log/messages',
    ],
    [
      'is the next one if messages is empty',
      { 'var/log/messages': '', 'var/log/kern.log': line(1) },
      '/var/log/kern.log',
    ],
    ['is syslog if it is the only one', { 'var/log/syslog': line(1) }, '/var/log/syslog'],
  ])('%s', (_, files, source) => expect(logOf(files)).toMatchObject({ ok: true, value: { lines: 1 }, source }));

  test("returns the kernel log's fault if there is no log file", () => {
    expect(logOf({})).toEqual(fault('denied', '/proc/uptime'));
  });

  test('is not read in a captured tree', () => {
    const root = rootOf({ 'var/log/messages': line(1) });
    expect(readFullLog(root, ok({ boot: 'b', uptime: 1 }))).toEqual(fault('not-asked', '/dev/kmsg'));
  });

  test('is read at its end only if it is long', () => {
    const log = logOf({ 'var/log/messages': [line(90), 'x'.repeat(1 << 22), '\n', line(5)].join('') });
    expect(log).toMatchObject({ ok: true, value: { lines: 1 } });
  });
});
