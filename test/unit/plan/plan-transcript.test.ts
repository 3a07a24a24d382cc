// A plan as a person reads it.

import { describe, expect, test } from 'vitest';
import { objectCostOf } from '../../../src/evaluate/footprint.ts';
import { planFor } from '../../../src/evaluate/sizing.ts';
import { planText } from '../../../src/plan/plan-text.ts';
import { type Changes, counted, EVIDENCE, fault, GIB, observation, ok, otherTable } from '../support/observation.ts';
import { wanted } from '../support/reports.ts';

describe('a plan', () => {
  const planned = (changes: Changes, asked?: number) => {
    const found = observation({
      entries: 30_000,
      limit: 65_536,
      buckets: ok(16_384),
      memTotal: ok(16 * GIB),
      statistics: counted(),
      evidence: EVIDENCE,
      ...changes,
    });
    const [own] = found.tables;
    const plan = planFor(found, own, objectCostOf(found.machine, own, undefined), asked);
    if (!plan.ok) throw new Error(plan.fault.kind);
    return `\n${planText(found, plan.value).join('\n')}\n`;
  };
  const head = (changes: Changes, asked?: number) => planned(changes, asked).split('\n\n')[0];

  test('a machine of today', () =>
    expect(planned({})).toMatchInlineSnapshot(`
      "
      A limit of 120,832 entries (now 65,536; 30,000 in use, 45.8%)
      Recommended: four times the current load, at most twice the current limit,
      rounded up to whole pages of buckets.

      Memory that a full table pins (never swapped)
        objects      29.5 MiB   120,832 x 256 B, 16 in 4,096 B of slab
        extensions        0 B   120,832 x 0 B
        hash table  236.0 KiB   30,208 buckets x 8 B
        together     29.7 MiB   31,174,656 B, 0.2% of 16.0 GiB RAM
        It fits: 22.3 MiB more than now, with 1.0 GiB available. Each further network
        namespace may fill its own table.

      Hash table
        hashsize=30208: 4 entries per bucket. Two to four per bucket keep chains short
        and still leave something to evict in the eight buckets the kernel scans. A
        module loaded with it starts with a limit of 8 x 30,208 = 241,664, until
        sysctl sets the lower one.

      Apply now, as root (lost when the module is reloaded or the machine reboots)
        1. echo 30208 > /sys/module/nf_conntrack/parameters/hashsize
        2. sysctl -w net.netfilter.nf_conntrack_max=120832

      To make it permanent
        /etc/modprobe.d/nf_conntrack.conf
            options nf_conntrack hashsize=30208
        /etc/sysctl.d/90-nf_conntrack.conf
            net.netfilter.nf_conntrack_max = 120832
        /etc/modules-load.d/nf_conntrack.conf
            nf_conntrack

      What this does not change
        - modprobe nf_conntrack hashsize=30208 does nothing while the module is
          loaded.
        - Changing the buckets at run time does not change the limit, and vice
          versa.
        - nf_conntrack_expect_max stays 256 until the module is loaded with this
          hashsize: 472 then.
      "
    `));

  test('CentOS 5, on what is known of it', () => {
    const old = {
      generation: 'ip_conntrack',
      release: ok({ major: 2, minor: 6 }),
      slabCache: fault('denied'),
    } as const;
    expect(planned({ ...old, expectMax: fault('missing') }, 65_536)).toMatchInlineSnapshot(`
      "
      A limit of 65,536 entries (now 65,536; 30,000 in use, 45.8%)

      Memory that a full table pins (never swapped)
        objects      19.7 MiB   65,536 x about 304 B, 13 in 4,096 B of slab
        extensions        0 B   65,536 x 0 B
        hash table  256.0 KiB   16,384 buckets x 16 B
        together     19.9 MiB   about 20,914,176 B, 0.1% of 16.0 GiB RAM
        It fits: 10.7 MiB more than now, with 1.0 GiB available.

      Hash table
        hashsize=16384: 4 entries per bucket. Eight per bucket is the module's own
        ratio. A module loaded with it starts with a limit of 8 x 16,384 = 131,072,
        until sysctl sets the lower one.

      Apply now, as root (lost when the module is reloaded or the machine reboots)
        nothing to do: already set

      To make it permanent
        /etc/modprobe.conf
            options ip_conntrack hashsize=16384
        /etc/sysctl.conf
            net.ipv4.netfilter.ip_conntrack_max = 65536
        /etc/sysconfig/iptables-config
            IPTABLES_MODULES_UNLOAD="no"

      What this does not change
        - modprobe ip_conntrack hashsize=16384 does nothing while the module is
          loaded.
        - Changing the buckets at run time does not change the limit, and vice
          versa.
      "
    `);
  });

  test('a container, without a limit', () => {
    const extensions = { ...otherTable().extensions, acct: ok(1) };
    const container = { limit: 0, isInitial: false, extensions, memTotal: fault('denied'), available: fault('denied') };
    expect(planned(container, 1_000_000)).toMatchInlineSnapshot(`
      "
      A limit of 1,000,000 entries (now no limit; 30,000 in use)

      Memory that a full table pins (never swapped)
        objects     244.1 MiB   1,000,000 x 256 B, 16 in 4,096 B of slab
        extensions  122.1 MiB   1,000,000 x 128 B
        hash table    1.9 MiB   250,368 buckets x 8 B
        together    368.1 MiB   386,002,944 B
        Unknown whether it fits: the available memory could not be read.

      Hash table
        hashsize=250368: 4 entries per bucket. Two to four per bucket keep chains
        short and still leave something to evict in the eight buckets the kernel
        scans. A module loaded with it starts with a limit of 8 x 250,368 = 2,002,944,
        until sysctl sets the lower one.

      Apply now, as root (lost when the module is reloaded or the machine reboots)
        1. echo 250368 > /sys/module/nf_conntrack/parameters/hashsize
        2. sysctl -w net.netfilter.nf_conntrack_max=1000000
        Run these in the initial network namespace: elsewhere the limit may be
        read-only.

      To make it permanent
        /etc/modprobe.d/nf_conntrack.conf
            options nf_conntrack hashsize=250368
        /etc/sysctl.d/90-nf_conntrack.conf
            net.netfilter.nf_conntrack_max = 1000000
        /etc/modules-load.d/nf_conntrack.conf
            nf_conntrack

      What this does not change
        - modprobe nf_conntrack hashsize=250368 does nothing while the module is
          loaded.
        - Changing the buckets at run time does not change the limit, and vice
          versa.
        - nf_conntrack_expect_max stays 256 until the module is loaded with this
          hashsize: 3,912 then.
      "
    `);
  });

  test('that is there already', () => {
    expect(planned({ buckets: ok(262_144), configuration: wanted(65_536) }, 65_536)).toMatchInlineSnapshot(`
      "
      A limit of 65,536 entries (now 65,536; 30,000 in use, 45.8%)

      Memory that a full table pins (never swapped)
        objects      16.0 MiB   65,536 x 256 B, 16 in 4,096 B of slab
        extensions        0 B   65,536 x 0 B
        hash table    2.0 MiB   262,144 buckets x 8 B
        together     18.0 MiB   18,874,368 B, 0.1% of 16.0 GiB RAM
        It fits: 8.7 MiB more than now, with 1.0 GiB available. Each further network
        namespace may fill its own table.

      Hash table
        hashsize=262144: 0.3 entries per bucket. The kernel already has that many
        buckets. A module loaded with it starts with a limit of 8 x 262,144 =
        2,097,152, until sysctl sets the lower one.

      Apply now, as root (lost when the module is reloaded or the machine reboots)
        nothing to do: already set

      To make it permanent
        /etc/modules-load.d/nf_conntrack.conf
            nf_conntrack

      What this does not change
        - modprobe nf_conntrack hashsize=262144 does nothing while the module is
          loaded.
        - Changing the buckets at run time does not change the limit, and vice
          versa.
        - nf_conntrack_expect_max stays 256 until the module is loaded with this
          hashsize: 4,096 then.
      "
    `);
  });

  test('why that limit', () => {
    const heads = [
      head({ entries: 10 }),
      head({ entries: 10, limit: 131_072, statistics: counted({ drop: 1 }) }),
      head({ entries: 10, limit: 65_536, statistics: counted({ drop: 1 }) }),
      head({ entries: 10, limit: 0 }),
      head({ entries: 10, limit: 2 ** 30 }),
      head({ entries: 60_000, memTotal: ok(GIB / 16) }),
      head({ entries: 60_000, memTotal: ok(GIB / 5) }),
      head({ configuration: wanted(500_000) }),
    ];
    expect(`\n${heads.join('\n').replace(/\n\n/g, '\n')}\n`).toMatchInlineSnapshot(`
      "

      A limit of 65,536 entries (now 65,536; 10 in use, 0.0%)
      Recommended: the current limit. It is at least four times the current load, and
      has not been reached since boot.
      A limit of 131,072 entries (now 131,072; 10 in use, 0.0%)
      Recommended: the current limit. It is at least four times the current load. This
      limit, or a lower one before it, has been reached since boot (drop or early_drop
      is above 0): unless that was a flood, double it with check_conntrack plan --max
      262144.
      A limit of 65,536 entries (now 65,536; 10 in use, 0.0%)
      Recommended: the current limit. It is at least four times the current load. This
      limit, or a lower one before it, has been reached since boot (drop or early_drop
      is above 0): unless that was a flood, double it with check_conntrack plan --max
      131072.
      A limit of 262,144 entries (now no limit; 10 in use)
      Recommended: the kernel's usual default, but no more than fits in an eighth of
      RAM. The current load needs less, but does not show the peaks; without a limit a
      flood of connections can take all memory.
      A limit of 8,388,608 entries (now 1,073,741,824; 10 in use, 0.0%)
      Recommended: less than the current limit, which would pin more than an eighth of
      RAM when full and is not needed by the load.
      A limit of 75,776 entries (now 65,536; 60,000 in use, 91.6%)
      Recommended: a quarter more than is in use. A full table pins more than an
      eighth of RAM: spread the load, shorten timeouts, or add memory.
      A limit of 104,448 entries (now 65,536; 60,000 in use, 91.6%)
      Recommended: the limit that pins at most an eighth of RAM, or the current limit
      if that is higher. The load suggests more: spread it, shorten timeouts, or add
      memory.
      A limit of 500,000 entries (now 65,536; 30,000 in use, 45.8%)
      Recommended: the limit that /etc/sysctl.conf sets. The live limit is below it;
      check_conntrack -v names the likely cause, if the machine shows one.
      "
    `);
  });

  test.each<[string, Changes, number, string]>([
    [
      'there is no memory',
      { available: ok({ bytes: 1000, exact: true }) },
      131_072,
      'It does NOT fit: 24.8 MiB more than now, with 1000 B available.',
    ],
    [
      'the memory is not known to the byte',
      { available: ok({ bytes: GIB, exact: false }) },
      131_072,
      'with about 1.0 GiB available.',
    ],
    [
      'hardly any entry for a bucket',
      { buckets: ok(2 ** 22) },
      65_536,
      'hashsize=4194304: less than 0.1 entries per bucket. The',
    ],
    ['one entry for a bucket', { buckets: ok(65_536) }, 65_536, 'hashsize=65536: 1 entry per bucket. The'],
    [
      'as many as there are, and that is usual',
      { buckets: ok(32_768) },
      65_536,
      'hashsize=32768: 2 entries per bucket. Two to four per',
    ],
    [
      'the module starts with that limit',
      { release: ok({ major: 3, minor: 0 }) },
      262_144,
      'a limit of 8 x 32,768 = 262,144, whether sysctl runs after it or not.',
    ],
    [
      'it is set to something else',
      { configuration: wanted(5) },
      65_536,
      '/etc/sysctl.conf, in place of net.netfilter.nf_conntrack_max = 5 net.netfilter.nf_conntrack_max = 65536',
    ],
  ])('if %s', (_, changes, asked, words) => {
    const text = planned(changes, asked).replace(/\s+/g, ' ');
    expect(text).toContain(words);
  });

  test('a given size has no slab', () => {
    const found = observation({ evidence: EVIDENCE });
    const [own] = found.tables;
    const plan = planFor(found, own, objectCostOf(found.machine, own, 350), 1000);
    if (!plan.ok) throw new Error(plan.fault.kind);
    expect(planText(found, plan.value).join('\n')).toMatch(/ 1,000 x 350 B\n/);
  });
});
