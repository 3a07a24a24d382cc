import { describe, expect, test } from 'vitest';
import { readFullLog, syslogTime } from '../../../../src/report/diagnosis/kernel-log.ts';
import { fault, ok } from '../../support/observation.ts';
import { type Files, rootOf, timeFor } from '../../support/root.ts';

describe('when a line of a log was written', () => {
  const now = new Date(2026, 10, 23, 12, 0, 0).getTime();
  test.each<[string, number]>([
    ['Nov 23 03:01:44 lb1 kernel: x', new Date(2026, 10, 23, 3, 1, 44).getTime()],
    ['Nov  3 03:01:44 lb1 kernel: x', new Date(2026, 10, 3, 3, 1, 44).getTime()],
    // Before now, so of last year.
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

  test.each(['', 'kernel: nothing', '03:01:44 lb1', 'Foo 99 03:01:44 lb1'])('none: %j', (line) => {
    expect(syslogTime(line, now)).toBeNaN();
  });
});

describe('the first log file that holds something, where the kernel does not let us read its own', () => {
  const NOW = new Date();
  const stamp = (secondsAgo: number) => new Date(NOW.getTime() - 1000 * secondsAgo).toISOString();
  const line = (ago: number, netns?: number) =>
    `${stamp(ago)} lb1 kernel: nf_conntrack: table full${netns === undefined ? '' : ` in netns ${netns}`}, dropping packet\n`;
  // There is no time to ask journalctl.
  const logOf = (files: Files) =>
    readFullLog({ ...rootOf(files, timeFor(0)), view: 'host' }, fault('denied', '/proc/uptime'));

  test('how many lines, from when to when, in which namespaces, the last one first', () => {
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
  ])('a line %s', (words) => {
    expect(logOf({ 'var/log/messages': `${stamp(5)} ${words}\n` })).toMatchObject({ ok: true, value: { lines: 1 } });
  });

  test.each([
    'lb1 program: nf_conntrack: table full, dropping packet',
    'lb1 kernel: program: nf_conntrack: table full, dropping packet',
  ])('not a line of the kernel: %s', (words) => {
    expect(logOf({ 'var/log/messages': `${stamp(5)} ${words}\n` })).toMatchObject({ ok: true, value: { lines: 0 } });
  });

  test('lines of something else, and without a time, are none', () => {
    const text = `${stamp(5)} lb1 kernel: x\nkernel: nf_conntrack: table full, dropping packet\n`;
    expect(logOf({ 'var/log/messages': text })).toMatchObject({ ok: true, value: { lines: 0, namespaces: [] } });
  });

  test.each<[string, Files, string]>([
    [
      'messages before others',
      { 'var/log/messages': line(1), 'var/log/kern.log': line(1), 'var/log/syslog': line(1) },
      '/var/log/messages',
    ],
    ['an empty one is passed over', { 'var/log/messages': '', 'var/log/kern.log': line(1) }, '/var/log/kern.log'],
    ['the last of them', { 'var/log/syslog': line(1) }, '/var/log/syslog'],
  ])('%s', (_, files, source) => expect(logOf(files)).toMatchObject({ ok: true, value: { lines: 1 }, source }));

  test('none: why the kernel does not let us', () => {
    expect(logOf({})).toEqual(fault('denied', '/proc/uptime'));
  });

  test('of a captured tree none is read', () => {
    const root = rootOf({ 'var/log/messages': line(1) });
    expect(readFullLog(root, ok({ boot: 'b', uptime: 1 }))).toEqual(fault('not-asked', '/dev/kmsg'));
  });

  test('of a long log the end', () => {
    const log = logOf({ 'var/log/messages': [line(90), 'x'.repeat(1 << 22), '\n', line(5)].join('') });
    expect(log).toMatchObject({ ok: true, value: { lines: 1 } });
  });
});
