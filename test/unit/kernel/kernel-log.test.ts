import { describe, expect, test } from 'vitest';
import { syslogTime } from '../../../src/kernel/kernel-log.ts';
import { parseTimeouts } from '../../../src/kernel/timeouts.ts';

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
  ])('%s', (line, expected) => expect(syslogTime(line, now)).toBe(expected));

  test.each(['', 'kernel: nothing', '03:01:44 lb1', 'Foo 99 03:01:44 lb1'])('none: %j', (line) => {
    expect(syslogTime(line, now)).toBeNaN();
  });
});

test('timeouts as grep prints them', () => {
  const text = [
    '/proc/sys/net/netfilter/nf_conntrack_udp_timeout:30',
    '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established:432000',
    '/proc/sys/net/ipv4/netfilter/ip_conntrack_udp_timeout_stream:180',
    '/proc/sys/net/netfilter/nf_conntrack_max:1',
    '/proc/sys/net/netfilter/nf_conntrack_generic_timeout:abc',
  ].join('\n');
  expect([...parseTimeouts(text)]).toEqual([
    ['udp_timeout', 30],
    ['tcp_timeout_established', 432000],
    ['udp_timeout_stream', 180],
  ]);
});
