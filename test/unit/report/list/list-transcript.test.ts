// Full text of a list as the report prints it, and the parts it omits when they are empty.

import { describe, expect, test } from 'vitest';
import { holdingsOf } from '../../../../src/report/list/holders.ts';
import { listLines } from '../../../../src/report/list/listing.ts';
import { DEFAULT_TIMEOUTS } from '../../../../src/report/list/timeouts.ts';
import { digestOf, type Flow, holdings, noArrivals, times } from '../../support/entries.ts';

describe('a list', () => {
  const listed = (flows: readonly Flow[]) =>
    `\n${listLines({ kind: 'list', source: '/proc/net/nf_conntrack', cut: undefined, holdings: holdings(flows), arrivals: noArrivals() }).join('\n')}\n`;

  test('shows IPv4 holders, kinds, flags and timeouts', () => {
    const flows: readonly Flow[] = [
      ...times(60, (at) => ({ source: `10.0.0.${at % 3}`, seconds: 432_000 - at, flag: 'assured' as const })),
      ...times(25, {
        protocol: 17,
        port: 53,
        source: '10.0.1.7',
        destination: '192.0.2.53',
        flag: 'unreplied',
        seconds: 25,
      }),
      ...times(10, { source: '10.0.1.8', translated: '203.0.113.7', state: 'TIME_WAIT', seconds: 7 }),
      ...times(4, { source: '10.0.1.9', answered: '10.9.9.9', state: 'SYN_SENT', seconds: 100 }),
      { protocol: 1, seconds: 5 },
    ];
    expect(listed(flows)).toMatchInlineSnapshot(`
      "
        100 entries of /proc/net/nf_conntrack.
        Sources (6)                            Destinations (2)
          10.0.1.7                  25  25.0%    192.0.2.1                 75  75.0%
          10.0.0.1                  21  21.0%    192.0.2.53                25  25.0%
          10.0.0.0                  20  20.0%
          10.0.0.2                  20  20.0%
          10.0.1.8                  10  10.0%
          10.0.1.9                   4   4.0%
        Source networks (2)                    Destination ports (2)
          10.0.0.0/24               61  61.0%    tcp 443                   74  74.0%
          10.0.1.0/24               39  39.0%    udp 53                    25  25.0%
        Protocol and state                     Flags
          tcp ESTABLISHED           60  60.0%    UNREPLIED                 25  25.0%
          udp                       25  25.0%    ASSURED                   60  60.0%
          tcp TIME_WAIT             10  10.0%    source NAT                10  10.0%
          tcp SYN_SENT               4   4.0%    destination NAT            4   4.0%
          icmp                       1   1.0%
        Kept by the timeout; longest time left
          tcp_timeout_established (5 d)                    60  60.0%, 5 d left
          udp_timeout (30 s)                               25  25.0%, 25 s left
          tcp_timeout_time_wait (120 s)                    10  10.0%, 7 s left
          tcp_timeout_syn_sent (120 s)                      4   4.0%, 100 s left
          icmp_timeout (30 s)                               1   1.0%, 5 s left
        Entries that end without another packet: 11.0% in 10 s, 36.0% in 60 s, 40.0%
          in 10 min.
      "
    `);
  });

  test('shows source ports if the entries are replies without requests', () => {
    const replies = (state: 'ESTABLISHED' | 'SYN_SENT') =>
      times(100, (at) => ({
        source: '10.0.0.1',
        sourcePort: 443,
        port: 40_000 + at,
        state,
        flag: 'unreplied' as const,
      }));
    const text = listed(replies('ESTABLISHED')).replace(/\s+/g, ' ');
    expect(text).toContain(
      'Source ports tcp 443 100 100.0% These entries have no reply. If that port is a service, only',
    );
    expect(listed(replies('SYN_SENT'))).toContain('Source ports');
    expect(listed(replies('SYN_SENT'))).not.toContain('no reply');
    const requests = times(100, (at) => ({ sourcePort: 1024 + at, port: 443 }));
    expect(listed(requests)).not.toContain('Source ports');
    expect(listed(times(100, { sourcePort: 123, port: 123, protocol: 17 }))).not.toContain('Source ports');
    expect(listed(times(100, (at) => ({ sourcePort: 32_768, port: 40_000 + at })))).not.toContain('Source ports');
  });

  test('shows IPv6, offloaded entries and protocols without a name', () => {
    const wide = '2001:db8:1111:2222:3333:4444:5555:6666';
    const flows: readonly Flow[] = [
      ...times(3, { source: wide, destination: wide, flag: 'offloaded' }),
      { protocol: 99, seconds: 3 },
    ];
    expect(listed(flows)).toMatchInlineSnapshot(`
      "
        4 entries of /proc/net/nf_conntrack.
        Sources (2)
          2001:db8:1111:2222:3333:4444:5555:6666         3  75.0%
          10.0.0.1                                       1  25.0%
        Destinations (2)
          2001:db8:1111:2222:3333:4444:5555:6666         3  75.0%
          192.0.2.1                                      1  25.0%
        Source networks (2)
          2001:db8:1111:2222::/64         3  75.0%
          10.0.0.0/24                     1  25.0%
        Destination ports (1)
          tcp 443                         3  75.0%
        Protocol and state                     Flags
          tcp offloaded              3  75.0%    offloaded                  3  75.0%
          protocol 99                1  25.0%    IPv6                       3  75.0%
        Kept by the timeout; longest time left
          generic_timeout (10 min)                          1  25.0%, 3 s left
        Entries that end without another packet: 25.0% in 10 s.
      "
    `);
  });

  test('shows lower bounds for a flood of sources, and limits the kinds', () => {
    const flood = times(8000, (at) => ({
      source: at % 10 === 0 ? '10.0.0.1' : `${at % 200}.${at >> 8}.${at & 255}.9`,
    }));
    const protocols = times(9, (at) => ({ protocol: 140 + at, seconds: 3 }));
    const [head = '', ...lines] = listed([...flood, ...protocols])
      .trim()
      .split('\n');
    expect(head).toBe('8,009 entries of /proc/net/nf_conntrack.');
    expect(lines.find((line) => line.includes('Sources'))).toMatch(
      /^ {2}Sources \(at least 6,144\) +Destinations \(1\)$/,
    );
    expect(lines.filter((line) => /each may have up to \d+ more$/.test(line.slice(0, 40).trim()))).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith('    protocol 14'))).toHaveLength(7);
  });

  test('shows only the count if it is empty', () => {
    expect(listed([])).toBe('\n  0 entries of /proc/net/nf_conntrack.\n');
  });

  test('shows no timeouts if all entries are offloaded', () => {
    const text = listed(times(2, { flag: 'offloaded' }));
    expect(text).not.toContain('Kept by');
    expect(text).not.toContain('they end');
  });

  test('shows the accuracy of a sample', () => {
    const of = holdingsOf(digestOf(times(1000, {})), DEFAULT_TIMEOUTS, 10, { held: 10, lines: 100 });
    const first = (unknown: number) =>
      listLines({ kind: 'list', source: 'x', cut: undefined, holdings: { ...of, unknown }, arrivals: noArrivals() })
        .slice(0, 3)
        .join(' ')
        .replace(/\s+/g, ' ')
        .split(' Sources')[0];
    expect(first(0)).toBe(
      ' 1,000 entries of x, from an even random sample of 10 lines: shares are accurate to 9.8 percentage points (95% confidence).',
    );
    expect(first(3)).toMatch(/^ about 1,000 entries of x, from .*, 3 lines are not entries\.$/);
  });
});
