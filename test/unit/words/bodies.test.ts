// The findings of each command as JSON. Other tests check them as text.

import { describe, expect, test } from 'vitest';
import { checkBody } from '../../../src/check/check-body.ts';
import { objectCostOf } from '../../../src/evaluate/footprint.ts';
import { planFor } from '../../../src/evaluate/sizing.ts';
import type { Identities } from '../../../src/model/table.ts';
import { planBody } from '../../../src/plan/plan-body.ts';
import { holdingsOf } from '../../../src/report/list/holders.ts';
import { listFigures } from '../../../src/report/list/list-body.ts';
import { DEFAULT_TIMEOUTS } from '../../../src/report/list/timeouts.ts';
import { listBody, reportBody } from '../../../src/report/report-body.ts';
import { namespaceBody } from '../../../src/words/namespace-body.ts';
import { evaluated } from '../support/checks.ts';
import { digestOf, type Flow, holdings, noArrivals, times } from '../support/entries.ts';
import {
  ALL,
  type Changes,
  counted,
  EVIDENCE,
  fault,
  GIB,
  observation,
  ok,
  otherTable,
  unreadTable,
} from '../support/observation.ts';
import { envoy, findingsOf, historiesOf, type Incident, wanted } from '../support/reports.ts';

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
    return planBody(found, plan.value);
  };

  test('that fits', () =>
    expect(planned({})).toMatchInlineSnapshot(`
      {
        "plan": {
          "buckets": 30208,
          "commands": [
            "echo 30208 > /sys/module/nf_conntrack/parameters/hashsize",
            "sysctl -w net.netfilter.nf_conntrack_max=120832",
          ],
          "configured": null,
          "expect_max": {
            "at_load": 472,
            "now": 256,
          },
          "files": [
            {
              "lines": [
                "options nf_conntrack hashsize=30208",
              ],
              "replaces": [],
              "where": "/etc/modprobe.d/nf_conntrack.conf",
            },
            {
              "lines": [
                "net.netfilter.nf_conntrack_max = 120832",
              ],
              "replaces": [],
              "where": "/etc/sysctl.d/90-nf_conntrack.conf",
            },
            {
              "lines": [
                "nf_conntrack",
              ],
              "replaces": [],
              "where": "/etc/modules-load.d/nf_conntrack.conf",
            },
          ],
          "max": 120832,
          "max_at_load": 241664,
          "memory": {
            "available_bytes": 1073741824,
            "certainty": "exact",
            "extensions_bytes": 0,
            "fits": true,
            "hash_table_bytes": 241664,
            "largest_max_that_fits": null,
            "more_than_now_bytes": 23363584,
            "object_size_bytes": 256,
            "objects_bytes": 30932992,
            "origin": "slabinfo",
            "share_percent": 0.18146038055419922,
            "total_bytes": 31174656,
          },
          "present": {
            "buckets": 16384,
            "count": 30000,
            "max": 65536,
          },
          "reason": "filling",
        },
      }
    `));

  test('that does not', () =>
    expect(
      planned(
        { entries: 3, available: ok({ bytes: 1_000_000, exact: true }), configuration: wanted(70_000) },
        1_000_000,
      ),
    ).toMatchInlineSnapshot(`
      {
        "plan": {
          "buckets": 250368,
          "commands": [],
          "configured": {
            "max": 70000,
            "path": "/etc/sysctl.conf",
          },
          "expect_max": {
            "at_load": 3912,
            "now": 256,
          },
          "files": [],
          "max": 1000000,
          "max_at_load": 2002944,
          "memory": {
            "available_bytes": 1000000,
            "certainty": "exact",
            "extensions_bytes": 0,
            "fits": false,
            "hash_table_bytes": 2002944,
            "largest_max_that_fits": 3920,
            "more_than_now_bytes": 257867776,
            "object_size_bytes": 256,
            "objects_bytes": 256000000,
            "origin": "slabinfo",
            "share_percent": 1.501774787902832,
            "total_bytes": 258002944,
          },
          "present": {
            "buckets": 16384,
            "count": 3,
            "max": 65536,
          },
          "reason": "asked",
        },
      }
    `));

  test('if hardly anything is known', () => {
    const unknown = { buckets: fault('denied'), memTotal: fault('denied'), available: fault('denied') };
    expect(planned({ ...unknown, generation: 'ip_conntrack', expectMax: fault('missing') }, 1000)).toMatchObject({
      plan: {
        reason: 'asked',
        present: { buckets: null },
        expect_max: null,
        configured: null,
        memory: { share_percent: null, available_bytes: null, fits: null, largest_max_that_fits: null },
      },
    });
  });
});

describe('a check', () => {
  const clock = ok({ boot: 'boot', uptime: 160 });
  const checked = (
    changes: Changes,
    argv: readonly string[] = [],
    first?: Changes,
    identities: Identities = new Map(),
  ) => {
    const histories = first && historiesOf(observation({ ...first, clock: ok({ boot: 'boot', uptime: 100 }) }));
    return checkBody({ evaluation: evaluated({ clock, ...changes }, argv, histories), identities });
  };

  test('no table', () => expect(checkBody(undefined)).toEqual({ table: null }));

  test('a single sample', () =>
    expect(checked({})).toMatchInlineSnapshot(`
    {
      "drift": null,
      "findings": [],
      "losses": null,
      "memory": {
        "certainty": "exact",
        "extension_bytes": 0,
        "extension_bytes_at_most": 0,
        "hash_table_bytes": 4000,
        "mem_total_bytes": 1000000,
        "object_size_bytes": 256,
        "objects_per_slab": 16,
        "origin": "slabinfo",
        "slab_bytes": 4096,
      },
      "metrics": {
        "chainlength": {
          "unit": "c",
          "value": 44,
        },
        "chainlength_rate": {
          "reason": "no state directory",
          "unit": "",
          "value": null,
        },
        "clash_rate": {
          "reason": "no state directory",
          "unit": "",
          "value": null,
        },
        "drop": {
          "unit": "c",
          "value": 11,
        },
        "drop_rate": {
          "reason": "no state directory",
          "unit": "",
          "value": null,
        },
        "early_drop": {
          "unit": "c",
          "value": 22,
        },
        "early_drop_rate": {
          "reason": "no state directory",
          "unit": "",
          "value": null,
        },
        "entries": {
          "unit": "",
          "value": 100,
        },
        "growth": {
          "reason": "no state directory",
          "unit": "",
          "value": null,
        },
        "insert_failed": {
          "unit": "c",
          "value": 33,
        },
        "insert_failed_rate": {
          "reason": "no state directory",
          "unit": "",
          "value": null,
        },
        "invalid": {
          "reason": "unsupported by this kernel",
          "unit": "c",
          "value": null,
        },
        "invalid_rate": {
          "reason": "no state directory",
          "unit": "",
          "value": null,
        },
        "load_factor": {
          "unit": "",
          "value": 2,
        },
        "lost_rate": {
          "reason": "no state directory",
          "unit": "",
          "value": null,
        },
        "memory_share": {
          "unit": "%",
          "value": 26.2048,
        },
        "netns_count": {
          "reason": "without --netns all",
          "unit": "",
          "value": null,
        },
        "netns_usage": {
          "reason": "without --netns all",
          "unit": "%",
          "value": null,
        },
        "slab": {
          "unit": "B",
          "value": 28672,
        },
        "slab_max": {
          "unit": "B",
          "value": 258048,
        },
        "time_to_full": {
          "reason": "no state directory",
          "unit": "s",
          "value": null,
        },
        "usage": {
          "critical": "90",
          "unit": "%",
          "value": 10,
          "warning": "80",
        },
      },
      "namespaces": null,
      "table": {
        "buckets": 500,
        "count": 100,
        "generation": "nf_conntrack",
        "initial_namespace": true,
        "max": 1000,
        "sources": {
          "count": "/proc/sys/net/netfilter/nf_conntrack_count",
          "max": "/proc/sys/net/netfilter/nf_conntrack_max",
        },
        "view": "own",
      },
    }
    `));

  test('with many unreadable files', () => {
    const broken = {
      buckets: fault('denied'),
      memTotal: fault('denied', '/proc/meminfo'),
      statistics: fault('denied', '/proc/net/stat/nf_conntrack'),
    };
    expect(checked(broken, ['-w', 'memory_share=5', '-w', 'drop=1', '-c', 'usage=9'])).toMatchInlineSnapshot(`
      {
        "drift": null,
        "findings": [
          {
            "kind": "threshold",
            "metric": "usage",
            "namespace": null,
            "range": "9",
            "state": "critical",
            "value": 10,
          },
          {
            "fault": "cannot read /proc/x: permission denied",
            "kind": "unjudged",
            "metric": "memory_share",
            "namespace": null,
            "state": "unknown",
          },
          {
            "fault": "cannot read /proc/net/stat/nf_conntrack: permission denied",
            "kind": "unjudged",
            "metric": "drop",
            "namespace": null,
            "state": "unknown",
          },
        ],
        "losses": null,
        "memory": {
          "certainty": "exact",
          "extension_bytes": 0,
          "extension_bytes_at_most": 0,
          "hash_table_bytes": null,
          "mem_total_bytes": null,
          "object_size_bytes": 256,
          "objects_per_slab": 16,
          "origin": "slabinfo",
          "slab_bytes": 4096,
        },
        "metrics": {
          "chainlength": {
            "fault": "cannot read /proc/net/stat/nf_conntrack: permission denied",
            "unit": "c",
            "value": null,
          },
          "chainlength_rate": {
            "reason": "no state directory",
            "unit": "",
            "value": null,
          },
          "clash_rate": {
            "reason": "no state directory",
            "unit": "",
            "value": null,
          },
          "drop": {
            "fault": "cannot read /proc/net/stat/nf_conntrack: permission denied",
            "unit": "c",
            "value": null,
            "warning": "1",
          },
          "drop_rate": {
            "reason": "no state directory",
            "unit": "",
            "value": null,
          },
          "early_drop": {
            "fault": "cannot read /proc/net/stat/nf_conntrack: permission denied",
            "unit": "c",
            "value": null,
          },
          "early_drop_rate": {
            "reason": "no state directory",
            "unit": "",
            "value": null,
          },
          "entries": {
            "unit": "",
            "value": 100,
          },
          "growth": {
            "reason": "no state directory",
            "unit": "",
            "value": null,
          },
          "insert_failed": {
            "fault": "cannot read /proc/net/stat/nf_conntrack: permission denied",
            "unit": "c",
            "value": null,
          },
          "insert_failed_rate": {
            "reason": "no state directory",
            "unit": "",
            "value": null,
          },
          "invalid": {
            "fault": "cannot read /proc/net/stat/nf_conntrack: permission denied",
            "unit": "c",
            "value": null,
          },
          "invalid_rate": {
            "reason": "no state directory",
            "unit": "",
            "value": null,
          },
          "load_factor": {
            "fault": "cannot read /proc/x: permission denied",
            "unit": "",
            "value": null,
          },
          "lost_rate": {
            "reason": "no state directory",
            "unit": "",
            "value": null,
          },
          "memory_share": {
            "fault": "cannot read /proc/x: permission denied",
            "unit": "%",
            "value": null,
            "warning": "5",
          },
          "netns_count": {
            "reason": "without --netns all",
            "unit": "",
            "value": null,
          },
          "netns_usage": {
            "reason": "without --netns all",
            "unit": "%",
            "value": null,
          },
          "slab": {
            "unit": "B",
            "value": 28672,
          },
          "slab_max": {
            "unit": "B",
            "value": 258048,
          },
          "time_to_full": {
            "reason": "no state directory",
            "unit": "s",
            "value": null,
          },
          "usage": {
            "critical": "9",
            "unit": "%",
            "value": 10,
            "warning": "80",
          },
        },
        "namespaces": null,
        "table": {
          "buckets": null,
          "count": 100,
          "generation": "nf_conntrack",
          "initial_namespace": true,
          "max": 1000,
          "sources": {
            "count": "/proc/sys/net/netfilter/nf_conntrack_count",
            "max": "/proc/sys/net/netfilter/nf_conntrack_max",
          },
          "view": "own",
        },
      }
    `);
    expect(checked({ slabCache: fault('denied'), release: fault('missing') })).toMatchObject({ memory: null });
  });

  test('a limit that drifted', () => {
    expect(checked({ configuration: wanted(4000) }, ['--drift', 'warning'])).toMatchObject({
      findings: [{ kind: 'drift', state: 'warning', namespace: null }],
      drift: 'limit is 1000 but /etc/sysctl.conf sets 4000',
    });
    expect(checked({ configuration: wanted(400) })).toMatchObject({ drift: null });
  });

  test('every namespace', () => {
    const theirs = (drop: number) =>
      otherTable({
        entries: 900,
        number: 9,
        mount: { number: 9, path: '/run/netns/blue' },
        pids: [7],
        statistics: counted({ drop, insert_failed: 2 }),
      });
    const calm = otherTable({ key: 'net:8', pids: [8], entries: 5 });
    const given = {
      statistics: counted(),
      visibility: ok({ ...ALL, atLeast: 5, hidepid: '2', mounts: 1 }),
      unread: [unreadTable({ key: 'net:10' })],
    };
    const process = { pid: 7, command: 'envoy' };
    const identities: Identities = new Map([['net:7', { process, container: { kind: 'pod', id: 'web' } }]]);
    const { namespaces, findings, losses } = checked(
      { ...given, others: [theirs(60), calm] },
      ['--netns', 'all'],
      { ...given, others: [theirs(0), calm] },
      identities,
    ) as Extract<ReturnType<typeof checked>, { namespaces: unknown }>;
    expect({ namespaces, findings, losses }).toMatchInlineSnapshot(`
      {
        "findings": [
          {
            "kind": "threshold",
            "metric": "usage",
            "namespace": "net:7",
            "range": "80",
            "state": "warning",
            "value": 90,
          },
        ],
        "losses": {
          "events": {
            "chainlength": 0,
            "clashres": 0,
            "drop": 0,
            "early_drop": 0,
            "icmp_error": 0,
            "insert_failed": 0,
            "invalid": 0,
          },
          "lost": {
            "clash": 0,
            "long_chain": 0,
            "table_full": 0,
            "table_full_or_clash": 0,
          },
          "seconds": 60,
        },
        "namespaces": {
          "at_least": 5,
          "found": 4,
          "hidepid": "2",
          "listed": [
            {
              "command": "envoy",
              "container": {
                "id": "web",
                "kind": "pod",
              },
              "key": "net:7",
              "losses": {
                "events": {
                  "chainlength": 0,
                  "clashres": 0,
                  "drop": 60,
                  "early_drop": 0,
                  "icmp_error": 0,
                  "insert_failed": 0,
                  "invalid": 0,
                },
                "lost": {
                  "clash": 0,
                  "long_chain": 0,
                  "table_full": 60,
                  "table_full_or_clash": 0,
                },
                "seconds": 60,
              },
              "metrics": {
                "chainlength": 0,
                "chainlength_rate": 0,
                "clash_rate": 0,
                "drop": 60,
                "drop_rate": 1,
                "early_drop": 0,
                "early_drop_rate": 0,
                "entries": 900,
                "insert_failed": 2,
                "insert_failed_rate": 0,
                "invalid": 0,
                "invalid_rate": 0,
                "lost_rate": 1,
                "usage": 90,
              },
              "mount": "/run/netns/blue",
              "number": 9,
              "pid": 7,
              "state": "warning",
            },
            {
              "command": null,
              "container": null,
              "key": "net:8",
              "losses": {
                "events": {
                  "chainlength": 0,
                  "clashres": 0,
                  "drop": 0,
                  "early_drop": 0,
                  "icmp_error": 0,
                  "insert_failed": 0,
                  "invalid": 0,
                },
                "lost": {
                  "clash": 0,
                  "long_chain": 0,
                  "table_full": 0,
                  "table_full_or_clash": 0,
                },
                "seconds": 60,
              },
              "metrics": {
                "chainlength": 0,
                "chainlength_rate": 0,
                "clash_rate": 0,
                "drop": 0,
                "drop_rate": 0,
                "early_drop": 0,
                "early_drop_rate": 0,
                "entries": 5,
                "insert_failed": 0,
                "insert_failed_rate": 0,
                "invalid": 0,
                "invalid_rate": 0,
                "lost_rate": 0,
                "usage": 0.5,
              },
              "mount": null,
              "number": null,
              "pid": null,
              "state": "ok",
            },
          ],
          "mounts_known": true,
          "mounts_not_entered": 1,
          "processes": "all",
          "unread": [
            {
              "command": null,
              "container": null,
              "fault": "cannot read /proc/x: no such file",
              "key": "net:10",
              "mount": null,
              "number": null,
              "pid": null,
            },
          ],
          "unread_count": 1,
        },
      }
    `);
  });
});

test('a check lists as many namespaces as it names', () => {
  const many = (count: number, of: (at: number) => object) =>
    Array.from({ length: count }, (_, at) => otherTable({ key: `net:${100 + at}`, pids: [], ...of(at) }));
  const listedOf = (others: ReturnType<typeof many>) => {
    const unread = Array.from({ length: 15 }, (_, at) => unreadTable({ key: `net:${500 + at}` }));
    const evaluation = evaluated({ others, unread, visibility: ok(ALL) }, ['--netns', 'all']);
    const body = checkBody({ evaluation, identities: new Map() });
    return 'namespaces' in body ? body.namespaces : undefined;
  };
  const calm = listedOf(many(30, (at) => ({ entries: at })));
  expect(calm).toMatchObject({ found: 46, unread_count: 15 });
  expect([calm?.listed.length, calm?.unread.length]).toEqual([10, 10]);
  // Namespaces with a finding, then the fullest, which have no finding.
  expect(
    listedOf(many(30, (at) => ({ entries: at < 15 ? 10_000 + at : 950, limit: at < 15 ? 100_000 : 1000 })))?.listed,
  ).toHaveLength(20);
});

describe('a report', () => {
  const V6 = '2001:db8:0:7:0:0:0:1';
  const FLOWS: readonly Flow[] = [
    ...times(3, { source: '10.0.0.1', flag: 'assured' }),
    ...times(2, { protocol: 17, port: 53, flag: 'unreplied', seconds: 20 }),
    { source: V6, destination: V6, flag: 'offloaded' },
  ];

  test('a list', () => {
    const whole = {
      kind: 'list',
      source: '/proc/net/nf_conntrack',
      holdings: holdings(FLOWS),
      arrivals: noArrivals(),
      cut: undefined,
    } as const;
    expect(listBody(whole)).toMatchInlineSnapshot(`
      {
        "report": {
          "incident": null,
          "list": {
            "arrivals": {
              "added": 0,
              "counted": 0,
              "destinations": [],
              "kind": "fresh",
              "kinds": [],
              "lines": 0,
              "networks": [],
              "ports": [],
              "seconds": 2,
              "sources": [],
              "telling": false,
            },
            "assured": 3,
            "complete": true,
            "destination_nat": 0,
            "destinations": {
              "different": 2,
              "may_lack": 0,
              "top": [
                {
                  "address": "192.0.2.1",
                  "entries": 5,
                },
                {
                  "address": "2001:db8:0:7::1",
                  "entries": 1,
                },
              ],
            },
            "entries": 6,
            "foreign": false,
            "ipv6": 1,
            "kinds": [
              {
                "entries": 3,
                "name": "tcp",
                "offloaded": false,
                "protocol": 6,
                "state": "ESTABLISHED",
              },
              {
                "entries": 2,
                "name": "udp",
                "offloaded": false,
                "protocol": 17,
                "state": null,
              },
              {
                "entries": 1,
                "name": "tcp",
                "offloaded": true,
                "protocol": 6,
                "state": null,
              },
            ],
            "lines_not_understood": 0,
            "namespace": null,
            "nat": 0,
            "networks": {
              "different": 2,
              "may_lack": 0,
              "top": [
                {
                  "address": "10.0.0.0/24",
                  "entries": 5,
                },
                {
                  "address": "2001:db8:0:7::/64",
                  "entries": 1,
                },
              ],
            },
            "offloaded": 1,
            "one_way": null,
            "owners": [],
            "ports": {
              "different": 2,
              "may_lack": 0,
              "top": [
                {
                  "entries": 4,
                  "port": 443,
                  "protocol": 6,
                },
                {
                  "entries": 2,
                  "port": 53,
                  "protocol": 17,
                },
              ],
            },
            "sample": null,
            "seconds_left": [
              {
                "below": 10,
                "entries": 0,
              },
              {
                "below": 60,
                "entries": 2,
              },
              {
                "below": 600,
                "entries": 3,
              },
              {
                "below": 3600,
                "entries": 0,
              },
              {
                "below": 86400,
                "entries": 0,
              },
              {
                "below": null,
                "entries": 0,
              },
            ],
            "source": "/proc/net/nf_conntrack",
            "source_nat": 0,
            "source_ports": null,
            "sources": {
              "different": 2,
              "may_lack": 0,
              "top": [
                {
                  "address": "10.0.0.1",
                  "entries": 5,
                },
                {
                  "address": "2001:db8:0:7::1",
                  "entries": 1,
                },
              ],
            },
            "timeouts": [
              {
                "by": "sysctl",
                "entries": 3,
                "longest_seconds_left": 100,
                "name": "tcp_timeout_established",
                "seconds": 432000,
                "set_seconds": 432000,
                "shorter_seconds": 86400,
                "shorter_would_have_ended": 3,
              },
              {
                "by": "sysctl",
                "entries": 2,
                "longest_seconds_left": 20,
                "name": "udp_timeout",
                "seconds": 30,
                "set_seconds": 30,
                "shorter_seconds": 10,
                "shorter_would_have_ended": 2,
              },
            ],
            "unreplied": 2,
            "zoned": 0,
            "zones": [],
          },
        },
      }
    `);
    const sample = { held: 2, lines: 6 };
    const sampled = {
      ...whole,
      holdings: holdingsOf(digestOf(FLOWS), DEFAULT_TIMEOUTS, 10, sample),
      cut: 'stopped',
    } as const;
    expect(listFigures(sampled)).toMatchObject({
      complete: false,
      sample: { lines: 2, of_lines: 6, error_percentage_points: 69.3 },
    });
  });

  test.each([
    [30, 30, { protocol: 6, port: 80, entries: 30 }],
    [30, 31, null],
    [29, 0, null],
  ])('%i connections in one direction from one port, %i others', (count, others, expected) => {
    const replies = times(count, (at) => ({ flag: 'unreplied', sourcePort: 80, port: 50_000 + at }) as const);
    const list = holdings([...replies, ...times(others, (at) => ({ port: at }))]);
    const listed = { kind: 'list', source: 'x', holdings: list, arrivals: noArrivals(), cut: undefined } as const;
    expect(listFigures(listed)).toMatchObject({ one_way: expected });
  });

  test('a table that is full', () => {
    const incident: Incident = {
      first: { entries: 900, others: [envoy({ entries: 1000 })] },
      last: { entries: 910, others: [envoy({ entries: 1000, statistics: counted({ drop: 50, insert_failed: 5 }) })] },
      log: ok(
        { lines: 20, first: '2026-11-23 03:01:44', last: '2026-11-23 03:02:10', ago: 4, namespaces: [7], records: [] },
        '/dev/kmsg',
      ),
    };
    expect(reportBody(findingsOf(incident))).toMatchInlineSnapshot(`
      {
        "report": {
          "incident": {
            "advice": [
              {
                "commands": [
                  "echo 1536 > /sys/module/nf_conntrack/parameters/hashsize",
                  "sysctl -w net.netfilter.nf_conntrack_max=6144",
                ],
                "files": [],
                "instead": [],
                "kind": "raise",
                "notes": [
                  "45 packets/s are refused a new entry. If each lived 30 s or more, the table would hold about 3,290 entries, with those that have ended and are not collected yet. Retries are counted again; clients that back off are not.",
                  "New connections are accepted at once.",
                  "Cost: up to 1.3 MiB more when full, of 32.0 GiB available.",
                  "Undo it only while fewer than 1,000 entries are in use: above that, new connections are dropped.",
                  "It lasts until the next boot. For a permanent limit, run check_conntrack plan when the load is normal again.",
                ],
                "preconditions": [],
                "title": "Raise the limit to 6,144, and the buckets with it.",
                "undo": [
                  "sysctl -w net.netfilter.nf_conntrack_max=1000",
                  "echo 500 > /sys/module/nf_conntrack/parameters/hashsize",
                ],
                "undo_files": null,
                "undo_instead": [],
                "undo_remains": null,
              },
            ],
            "drift": null,
            "elsewhere": [],
            "kernel_log": {
              "first": "2026-11-23 03:01:44",
              "last": "2026-11-23 03:02:10",
              "last_seconds_ago": 4,
              "lines": 20,
              "namespaces": [
                7,
              ],
              "source": "/dev/kmsg",
            },
            "memory": {
              "available_bytes": 34359738368,
              "certainty": "exact",
              "hash_table_bytes": 4000,
              "origin": "slabinfo",
              "slab_full_bytes": 258048,
              "slab_now_bytes": 258048,
            },
            "namespaces": [
              {
                "command": "envoy",
                "container": null,
                "growth_per_second": 0,
                "key": "net:7",
                "limit_lowered": null,
                "losses": {
                  "events": {
                    "chainlength": 0,
                    "clashres": 0,
                    "drop": 50,
                    "early_drop": 0,
                    "icmp_error": 0,
                    "insert_failed": 5,
                    "invalid": 0,
                  },
                  "lost": {
                    "clash": 5,
                    "long_chain": 0,
                    "table_full": 45,
                    "table_full_or_clash": 0,
                  },
                  "seconds": 1,
                },
                "metrics": {
                  "chainlength": 0,
                  "chainlength_rate": 0,
                  "clash_rate": 5,
                  "drop": 50,
                  "drop_rate": 50,
                  "early_drop": 0,
                  "early_drop_rate": 0,
                  "entries": 1000,
                  "insert_failed": 5,
                  "insert_failed_rate": 5,
                  "invalid": 0,
                  "invalid_rate": 0,
                  "lost_rate": 45,
                  "usage": 100,
                },
                "mount": null,
                "number": null,
                "past_losses": null,
                "pid": 4711,
                "state": "critical",
                "trouble": "losing",
              },
              {
                "command": null,
                "container": null,
                "growth_per_second": 10,
                "key": null,
                "limit_lowered": null,
                "losses": {
                  "events": {
                    "chainlength": 0,
                    "clashres": 0,
                    "drop": 0,
                    "early_drop": 0,
                    "icmp_error": 0,
                    "insert_failed": 0,
                    "invalid": 0,
                  },
                  "lost": {
                    "clash": 0,
                    "long_chain": 0,
                    "table_full": 0,
                    "table_full_or_clash": 0,
                  },
                  "seconds": 1,
                },
                "metrics": {
                  "chainlength": 0,
                  "chainlength_rate": 0,
                  "clash_rate": 0,
                  "drop": 0,
                  "drop_rate": 0,
                  "early_drop": 0,
                  "early_drop_rate": 0,
                  "entries": 910,
                  "insert_failed": 0,
                  "insert_failed_rate": 0,
                  "invalid": 0,
                  "invalid_rate": 0,
                  "load_factor": 2,
                  "lost_rate": 0,
                  "memory_share": 0.0003813300281763077,
                  "netns_count": 2,
                  "netns_usage": 100,
                  "slab": 491520,
                  "slab_max": 258048,
                  "usage": 91,
                },
                "mount": null,
                "number": null,
                "past_losses": null,
                "pid": null,
                "state": "critical",
                "trouble": "filling",
              },
            ],
            "namespaces_at_least": 1,
            "namespaces_found": 2,
            "namespaces_unread": 0,
            "recorded": [],
            "sudo_adds": [],
            "table": {
              "buckets": 500,
              "generation": "nf_conntrack",
              "initial_namespace": true,
              "max": 1000,
              "view": "own",
            },
            "trouble": "losing",
          },
          "list": {
            "fault": "cannot read /proc/net/nf_conntrack: permission denied",
            "foreign": false,
            "namespace": {
              "command": "envoy",
              "container": null,
              "key": "net:7",
              "mount": null,
              "number": null,
              "pid": 4711,
            },
            "owners": [],
          },
        },
      }
    `);
  });

  test('if hardly anything is known', () => {
    const first = {
      limit: 0,
      buckets: fault('denied'),
      available: fault('denied'),
      visibility: undefined,
      unread: [unreadTable()],
      isInitial: false,
    };
    const found = { ...findingsOf({ first, log: fault('denied', '/dev/kmsg') }), sudo: ['the list'] };
    expect(reportBody(found).report?.incident).toMatchObject({
      trouble: 'unread',
      table: { initial_namespace: false, max: 0, buckets: null },
      namespaces_found: 2,
      namespaces_at_least: 1,
      namespaces_unread: 1,
      kernel_log: { fault: 'cannot read /dev/kmsg: permission denied' },
      memory: { slab_full_bytes: null, hash_table_bytes: null, available_bytes: null },
      recorded: [],
      sudo_adds: ['the list'],
    });
    const unknown = { slabCache: fault('denied'), release: fault('missing'), isInitial: undefined };
    expect(reportBody(findingsOf({ first: unknown })).report?.incident).toMatchObject({
      memory: null,
      table: { initial_namespace: null },
    });
    const silent = ok({ lines: 0, namespaces: [], records: [] }, '/dev/kmsg');
    expect(reportBody(findingsOf({ log: silent })).report?.incident?.kernel_log).toEqual({
      source: '/dev/kmsg',
      lines: 0,
      first: null,
      last: null,
      last_seconds_ago: null,
      namespaces: [],
    });
  });

  test('lists as many namespaces as it names', () => {
    const others = Array.from({ length: 30 }, (_, at) => otherTable({ key: `net:${100 + at}`, entries: at }));
    const incident = reportBody(findingsOf({ first: { others, configuration: wanted(4000) } })).report?.incident;
    expect(incident?.namespaces).toHaveLength(20);
    expect(incident?.namespaces_at_least).toBe(1);
    const seven = ok({ ...ALL, atLeast: 7 });
    expect(reportBody(findingsOf({ first: { visibility: seven } })).report?.incident?.namespaces_at_least).toBe(7);
    expect([incident?.namespaces_found, incident?.drift]).toEqual([31, 'limit is 1000 but /etc/sysctl.conf sets 4000']);
  });
});

test('a namespace without known details, and our own', () => {
  const { isOwn, ...other } = otherTable({ key: 'net:9', pids: [] });
  const nobody = { number: null, mount: null, pid: null, command: null, container: null };
  expect(namespaceBody(new Map(), { isOwn, ...other })).toEqual({ key: 'net:9', ...nobody });
  expect(namespaceBody(new Map(), { ...other, isOwn: true })).toEqual({ key: null, ...nobody });
});
