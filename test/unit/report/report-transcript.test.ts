// Full text of a report, and of each piece of advice.

import { describe, expect, test } from 'vitest';
import { PLAIN } from '../../../src/report/palette.ts';
import { reportText } from '../../../src/report/report-text.ts';
import { holdings, times } from '../support/entries.ts';
import { ALL, type Changes, counted, ok, otherTable } from '../support/observation.ts';
import { envoy, findingsOf, type Incident, wanted } from '../support/reports.ts';

describe('a report', () => {
  const told = (incident: Incident) => `\n${reportText(findingsOf(incident), PLAIN).join('\n')}\n`;
  const toDo = (incident: Incident) => told(incident).slice(told(incident).indexOf('What to do'));
  const full = (changes: Changes = {}): Incident => ({ first: { entries: 1000, ...changes } });
  const syn = () =>
    holdings(times(1000, (at) => ({ source: `${at >> 8}.${at & 255}.1.1`, state: 'SYN_SENT' as const, seconds: 119 })));
  const silent = () => holdings(times(10, (at) => ({ source: `10.0.0.${at}`, port: at, seconds: 1000 })));
  const one = () => holdings(times(10, (at) => ({ port: at, seconds: 432_000 })));

  test('shows a table that loses packets, and others', () => {
    const others = [
      envoy({ entries: 1000, number: 7 }),
      otherTable({ key: 'net:9', pids: [], entries: 3, mount: { number: 9, path: '/run/netns/blue' } }),
      otherTable({ key: 'net:10', entries: 0 }),
    ];
    const [, ...rest] = others;
    const lost = envoy({
      entries: 1000,
      number: 7,
      statistics: counted({ drop: 1500, early_drop: 200, insert_failed: 3 }),
    });
    const incident: Incident = {
      first: { entries: 12, others },
      last: { others: [lost, ...rest] },
      seconds: 2,
      holdings: syn(),
      log: ok(
        {
          lines: 20,
          first: '2026-11-23 03:01:44',
          last: '2026-11-23 03:02:10',
          ago: 4,
          namespaces: [7, 8, 9, 10],
          records: [],
        },
        '/dev/kmsg',
      ),
    };
    expect(told(incident)).toMatchInlineSnapshot(`
      "
      [##################################################] 100.0% of 1,000

      Do this first: Raise the limit to 180,224, and the buckets with it.
          echo 45056 > /sys/module/nf_conntrack/parameters/hashsize
          sysctl -w net.netfilter.nf_conntrack_max=180224

      Where
           entries   usage    lost/s  total lost
             1,000  100.0%       750       1,500   envoy (pid 4711)
                12    1.2%         0           0   the host
                 3    0.3%         0           0   blue (no process)
        4 namespaces.

      Counters: namespace of envoy (pid 4711)
                                                                  over 2 s  since boot
        drop          dropped: the table was full, or a clash        750/s       1,500
        early_drop    evicted to let new ones in                     100/s         200
        insert_failed clashes, and refusals for long chains            2/s           3
        chainlength   refused: a hash chain was too long               0/s           0
        invalid       match no entry: rules may drop them              0/s           0
        Packets lost: 749/s because the table was full, 2/s to clashes: an entry
          with the same tuple existed.
        At 100 evictions/s an unanswered entry survives about 10 s: a reply that
          takes longer finds no entry and is lost.
        20 "table full" lines from 2026-11-23 03:01:44 to 2026-11-23 03:02:10, the
          last 4 s ago, in net:[7], net:[8], net:[9] and 1 more (/dev/kmsg).

      Who fills it: namespace of envoy (pid 4711)
        1,000 entries of /proc/net/nf_conntrack.
        Sources (1,000)                        Destinations (1)
          at most 1 each                         192.0.2.1              1,000 100.0%
        Source networks (1,000)                Destination ports (1)
          at most 1 each                         tcp 443                1,000 100.0%
        Protocol and state
          tcp SYN_SENT           1,000 100.0%
        Kept by the timeout; longest time left
          tcp_timeout_syn_sent (120 s)                  1,000 100.0%, 119 s left
        Entries that end without another packet: 100.0% in 10 min.

      Memory and settings
        slab        252.0 KiB now, 252.0 KiB when full; never swapped
        available   32.0 GiB of RAM
        limit       1,000 (/proc/sys/net/netfilter/nf_conntrack_max)
        buckets     500, 2.0 entries in each when full, 3.9 KiB of memory

      What to do
        1. Raise the limit to 180,224, and the buckets with it.
             echo 45056 > /sys/module/nf_conntrack/parameters/hashsize
             sysctl -w net.netfilter.nf_conntrack_max=180224
           Undo:
             sysctl -w net.netfilter.nf_conntrack_max=1000
             echo 500 > /sys/module/nf_conntrack/parameters/hashsize
           849 packets/s are refused a new entry. If each lived 120 s or more, the
           table would hold about 143,948 entries, with those that have ended and are
           not collected yet. Retries are counted again; clients that back off are
           not.
           New connections are accepted at once.
           Cost: up to 44.1 MiB more when full, of 32.0 GiB available.
           Undo it only while fewer than 1,000 entries are in use: above that, new
           connections are dropped.
           It lasts until the next boot. For a permanent limit, run check_conntrack
           plan when the load is normal again.
        2. Shorten nf_conntrack_tcp_timeout_syn_sent from 120 s to 30 s.
             nsenter -t 4711 -n sysctl -w net.netfilter.nf_conntrack_tcp_timeout_syn_sent=30
           Undo:
             nsenter -t 4711 -n sysctl -w net.netfilter.nf_conntrack_tcp_timeout_syn_sent=120
           It keeps 100.0% of the entries: new entries would need 25.0% of the space.
           This may not be enough alone: the packets refused now would be about 25,455
           entries, fewer if they are retries.
           Cost: no memory; a connection idle for longer than 30 s loses its entry.
           It lasts as long as that namespace. To make it permanent:
             the configuration of that namespace or container
                 net.netfilter.nf_conntrack_tcp_timeout_syn_sent = 30
           Undo: remove the added lines from the configuration of that namespace or
           container.
        3. Make room at once: remove the tcp SYN_SENT entries to port 443, 100.0%.
             nsenter -t 4711 -n conntrack -D -p tcp --state SYN_SENT --dport 443 >/dev/null
           Removed entries cannot be restored.
           1,000 entries, and those that began since. Connections that are being set
           up are retried; no other connection ends.
           This helps once: the entries come back while their source keeps sending.
      "
    `);
  });

  test('shows a single sample of a captured tree', () => {
    const visibility = ok({ ...ALL, processes: 'tree' as const });
    expect(
      told({ first: { view: 'captured', entries: 300, limit: 0, visibility, statistics: counted({ drop: 4 }) } }),
    ).toMatchInlineSnapshot(`
      "
      300 entries, no limit set

      Where
           entries   usage    lost/s  total lost
               300       -         -           4   this tree
        1 namespace, a captured tree shows no other.

      Counters: this tree
                                                                   since boot
        drop          dropped: the table was full, or a clash               4
        early_drop    evicted to let new ones in                            0
        insert_failed clashes, and refusals for long chains                 0
        chainlength   refused: a hash chain was too long                    0
        invalid       match no entry: rules may drop them                   0
        No "table full" in the kernel log (/dev/kmsg).

      Who fills it: this tree
        Unknown: cannot read /proc/net/nf_conntrack: permission denied. If a list
          was captured too, give it with --entries FILE.

      Memory and settings
        slab        76.0 KiB now; never swapped
        available   32.0 GiB of RAM
        limit       none (/proc/sys/net/netfilter/nf_conntrack_max)
        buckets     500, 3.9 KiB of memory

      What to do
        No advice: the current figures do not point to a fix.
      "
    `);
  });

  test('advises a shorter timeout that frees entries', () => {
    expect(toDo({ ...full(), holdings: silent() })).toMatchInlineSnapshot(`
      "What to do
        1. Raise the limit to 2,048, and the buckets with it.
             echo 512 > /sys/module/nf_conntrack/parameters/hashsize
             sysctl -w net.netfilter.nf_conntrack_max=2048
           Undo:
             sysctl -w net.netfilter.nf_conntrack_max=1000
             echo 500 > /sys/module/nf_conntrack/parameters/hashsize
           New connections are accepted at once.
           Cost: up to 260.1 KiB more when full, of 32.0 GiB available.
           Undo it only while fewer than 1,000 entries are in use: above that, new
           connections are dropped.
           It lasts until the next boot. To make it permanent:
             /etc/modprobe.d/nf_conntrack.conf
                 options nf_conntrack hashsize=512
             /etc/sysctl.d/90-nf_conntrack.conf
                 net.netfilter.nf_conntrack_max = 2048
             /etc/modules-load.d/nf_conntrack.conf
                 nf_conntrack
           Undo: remove the added lines from /etc/modprobe.d/nf_conntrack.conf,
           /etc/sysctl.d/90-nf_conntrack.conf and
           /etc/modules-load.d/nf_conntrack.conf.
        2. Shorten nf_conntrack_tcp_timeout_established from 432000 s to 86400 s.
             sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=86400
           Undo:
             sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=432000
           With this, 10 of the entries (100.0%) would have ended by now. Current
           entries keep their time until their next packet.
           Cost: no memory; a connection idle for longer than 24 h loses its entry.
           It lasts until the next boot. To make it permanent:
             /etc/sysctl.conf, or a file in /etc/sysctl.d
                 net.netfilter.nf_conntrack_tcp_timeout_established = 86400
           Undo: remove the added lines from /etc/sysctl.conf, or a file in
           /etc/sysctl.d.
        3. Do not remove the tcp ESTABLISHED entries to port 0 (10.0%): they may be in
           use.
           The list was read once: it does not show whether packets still arrive.
           report --interval 60 on the running machine compares two readings a minute
           apart.
      "
    `);
  });

  test('advises on a source, on another host or on this machine', () => {
    expect(toDo({ ...full(), holdings: one() })).toMatchInlineSnapshot(`
      "What to do
        1. Find out what 10.0.0.1 does: it has 100.0% of the entries.
             conntrack -L -s 10.0.0.1 | head -n 20
           Changes nothing.
           Nearly all entries are from there: a rule against 10.0.0.1 would cut off
           everything. It may be a proxy, a NAT gateway, or the only network: find the
           program or the client that sends.
        2. Raise the limit to 2,048, and the buckets with it.
             echo 512 > /sys/module/nf_conntrack/parameters/hashsize
             sysctl -w net.netfilter.nf_conntrack_max=2048
           Undo:
             sysctl -w net.netfilter.nf_conntrack_max=1000
             echo 500 > /sys/module/nf_conntrack/parameters/hashsize
           New connections are accepted at once.
           Cost: up to 260.1 KiB more when full, of 32.0 GiB available.
           Undo it only while fewer than 1,000 entries are in use: above that, new
           connections are dropped.
           It lasts until the next boot. To make it permanent:
             /etc/modprobe.d/nf_conntrack.conf
                 options nf_conntrack hashsize=512
             /etc/sysctl.d/90-nf_conntrack.conf
                 net.netfilter.nf_conntrack_max = 2048
             /etc/modules-load.d/nf_conntrack.conf
                 nf_conntrack
           Undo: remove the added lines from /etc/modprobe.d/nf_conntrack.conf,
           /etc/sysctl.d/90-nf_conntrack.conf and
           /etc/modules-load.d/nf_conntrack.conf.
      "
    `);
    expect(toDo({ ...full(), holdings: one(), own: [String((10 << 24) | 1)] })).toMatchInlineSnapshot(`
      "What to do
        1. Find the process on this machine that sends from 10.0.0.1: it has 100.0% of
           the entries.
             ss -tunap
           Changes nothing.
           Lists the sockets and their processes. If there is none, each is closed at
           once: go on with the next step.
        2. Raise the limit to 2,048, and the buckets with it.
             echo 512 > /sys/module/nf_conntrack/parameters/hashsize
             sysctl -w net.netfilter.nf_conntrack_max=2048
           Undo:
             sysctl -w net.netfilter.nf_conntrack_max=1000
             echo 500 > /sys/module/nf_conntrack/parameters/hashsize
           New connections are accepted at once.
           Cost: up to 260.1 KiB more when full, of 32.0 GiB available.
           Undo it only while fewer than 1,000 entries are in use: above that, new
           connections are dropped.
           It lasts until the next boot. To make it permanent:
             /etc/modprobe.d/nf_conntrack.conf
                 options nf_conntrack hashsize=512
             /etc/sysctl.d/90-nf_conntrack.conf
                 net.netfilter.nf_conntrack_max = 2048
             /etc/modules-load.d/nf_conntrack.conf
                 nf_conntrack
           Undo: remove the added lines from /etc/modprobe.d/nf_conntrack.conf,
           /etc/sysctl.d/90-nf_conntrack.conf and
           /etc/modules-load.d/nf_conntrack.conf.
      "
    `);
  });

  test('advises more buckets if chains are too long', () => {
    const first = { limit: 20_000, buckets: ok(512) };
    expect(toDo({ first, last: { statistics: counted({ chainlength: 5 }) } })).toMatchInlineSnapshot(`
      "What to do
        1. Raise the buckets to 5,120, for shorter chains.
             echo 5120 > /sys/module/nf_conntrack/parameters/hashsize
           Undo:
             echo 512 > /sys/module/nf_conntrack/parameters/hashsize
           Entries are in shorter chains at once. Cost: 40.0 KiB of memory in all.
           It lasts until the next boot. To make it permanent:
             /etc/modprobe.d/nf_conntrack.conf
                 options nf_conntrack hashsize=5120
             /etc/sysctl.d/90-nf_conntrack.conf
                 net.netfilter.nf_conntrack_max = 20000
             /etc/modules-load.d/nf_conntrack.conf
                 nf_conntrack
           Undo: remove the added lines from /etc/modprobe.d/nf_conntrack.conf,
           /etc/sysctl.d/90-nf_conntrack.conf and
           /etc/modules-load.d/nf_conntrack.conf.
      "
    `);
  });

  test('advises to restore a lost limit', () => {
    expect(toDo({ first: { configuration: wanted(4000), buckets: ok(1000) } })).toMatchInlineSnapshot(`
      "What to do
        1. Restore the limit of 4,000 that /etc/sysctl.conf sets.
             echo 1024 > /sys/module/nf_conntrack/parameters/hashsize
             sysctl -w net.netfilter.nf_conntrack_max=4000
           Undo:
             sysctl -w net.netfilter.nf_conntrack_max=1000
             echo 1000 > /sys/module/nf_conntrack/parameters/hashsize
           Likely cause: the module is not loaded at boot, so sysctl may run before it
           is there; echo nf_conntrack >/etc/modules-load.d/nf_conntrack.conf.
           Likely cause: each load of the module starts from its default; options
           nf_conntrack hashsize=500 in /etc/modprobe.d/nf_conntrack.conf.
           Cost: up to 1000.2 KiB more when full, of 32.0 GiB available.
           Undo it only while fewer than 1,000 entries are in use: above that, new
           connections are dropped.
           It lasts until the next boot. To make it permanent:
             /etc/modprobe.d/nf_conntrack.conf
                 options nf_conntrack hashsize=1024
             /etc/modules-load.d/nf_conntrack.conf
                 nf_conntrack
           Undo: remove the added lines from /etc/modprobe.d/nf_conntrack.conf and
           /etc/modules-load.d/nf_conntrack.conf.
      "
    `);
  });

  test('advises against a higher limit without enough memory', () => {
    expect(toDo(full({ available: ok({ bytes: 1000, exact: true }) }))).toMatchInlineSnapshot(`
      "What to do
        1. Do not raise the limit: there is not enough memory.
           A full table is never swapped. Block the flood, or spread the load.
      "
    `);
  });

  test('advises on a port in another namespace, on an old kernel', () => {
    const others = [otherTable({ pids: [5, 6], entries: 1000, mount: { number: 9, path: '/mnt/x' } })];
    const port = holdings(times(10, (at) => ({ protocol: 17, port: 53, source: `10.0.0.${at}`, seconds: 30 })));
    expect(toDo({ first: { others, release: ok({ major: 2, minor: 6 }) }, holdings: port })).toMatchInlineSnapshot(`
      "What to do
        1. Raise the limit to 4,096, and the buckets with it.
             echo 512 > /sys/module/nf_conntrack/parameters/hashsize
             sysctl -w net.netfilter.nf_conntrack_max=4096
           Undo:
             sysctl -w net.netfilter.nf_conntrack_max=1000
             echo 500 > /sys/module/nf_conntrack/parameters/hashsize
           New connections are accepted at once.
           Cost: up to 1.1 MiB more when full, of 32.0 GiB available.
           Undo it only while fewer than 1,000 entries are in use: above that, new
           connections are dropped.
           It lasts until the next boot. To make it permanent:
             /etc/modprobe.d/nf_conntrack.conf
                 options nf_conntrack hashsize=512
             /etc/sysctl.d/90-nf_conntrack.conf
                 net.netfilter.nf_conntrack_max = 4096
             /etc/modules-load.d/nf_conntrack.conf
                 nf_conntrack
           Undo: remove the added lines from /etc/modprobe.d/nf_conntrack.conf,
           /etc/sysctl.d/90-nf_conntrack.conf and
           /etc/modules-load.d/nf_conntrack.conf.
        2. Stop tracking udp port 53: it has 100.0% of the entries, none translated.
             nsenter -t 5 -n iptables -t raw -I PREROUTING -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j NOTRACK
             nsenter -t 5 -n iptables -t raw -I PREROUTING -p udp --sport 53 -m comment --comment check_conntrack_raw_udp_53 -j NOTRACK
             nsenter -t 5 -n iptables -t raw -I OUTPUT -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j NOTRACK
             nsenter -t 5 -n iptables -t raw -I OUTPUT -p udp --sport 53 -m comment --comment check_conntrack_raw_udp_53 -j NOTRACK
           Undo:
             nsenter -t 5 -n iptables -t raw -D OUTPUT -p udp --sport 53 -m comment --comment check_conntrack_raw_udp_53 -j NOTRACK
             nsenter -t 5 -n iptables -t raw -D OUTPUT -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j NOTRACK
             nsenter -t 5 -n iptables -t raw -D PREROUTING -p udp --sport 53 -m comment --comment check_conntrack_raw_udp_53 -j NOTRACK
             nsenter -t 5 -n iptables -t raw -D PREROUTING -p udp --dport 53 -m comment --comment check_conntrack_raw_udp_53 -j NOTRACK
           New packets of that port create no entry; current entries end by their
           timeout.
           Cost: no memory. NAT and rules with a state no longer apply to that port.
           It lasts as long as that namespace. To make it permanent:
             the configuration of that namespace or container
           Undo: remove them from the configuration of that namespace or container.
      "
    `);
  });
});
