// Leads to causes outside conntrack, as text and as JSON.

import { describe, expect, test } from 'vitest';
import type { DropRule } from '../../../../../src/model/drop-rule.ts';
import type { InvalidHandling } from '../../../../../src/report/diagnosis/leads/invalid.ts';
import { leadBody } from '../../../../../src/report/diagnosis/leads/lead-body.ts';
import { verdictText } from '../../../../../src/report/diagnosis/verdict.ts';
import { PLAIN } from '../../../../../src/report/palette.ts';
import { reportBody } from '../../../../../src/report/report-body.ts';
import { reportText } from '../../../../../src/report/report-text.ts';
import { WIDTH } from '../../../../../src/words/prose.ts';
import { findings, type Given } from '../../../support/leads.ts';

const RULE: DropRule = { tool: 'nft', family: 'inet', table: 'filter', chain: 'input', handle: 5, packets: 340 };
const SAVED: DropRule = {
  tool: 'iptables',
  family: '',
  table: 'filter',
  chain: 'INPUT',
  handle: undefined,
  packets: 7,
};
const SETTINGS = { tcp_loose: 0, tcp_be_liberal: 0, checksum: 1, log_invalid: 0 };

function invalid(handling: Partial<InvalidHandling>, more: Given = {}): Given {
  return {
    counters: [{ invalid: 0 }, { invalid: 1240 }],
    stacks: [{ InReceives: 0 }, { InReceives: 3600 }],
    handling: { settings: SETTINGS, rules: [], ...handling },
    ...more,
  };
}

const FULL_CACHE = { name: 'arp_cache', entries: 1024, limit: 1024 } as const;
const SCENES: Readonly<Record<string, Given>> = {
  'a rule drops what is invalid': invalid({ rules: [RULE] }),
  'rules of iptables': invalid({ rules: [SAVED, RULE, RULE, RULE] }),
  'no rule': invalid({}),
  'rules not read': invalid({ rules: undefined, settings: {} }),
  'of a namespace': {
    theirs: [{ invalid: 0 }, { invalid: 90 }],
    handling: { settings: SETTINGS, rules: [RULE] },
  },
  'expectations full': { expectMax: 256, elsewhere: [{}, { expectations: new Map([['own', 256]]) }] },
  'expectations were full': {
    expectMax: 256,
    elsewhere: [{}, { expectations: new Map([['own', 3]]) }],
    logged: [{ of: 'expectations', lines: 1200, ago: 61 }],
  },
  allowance: {
    elsewhere: [
      { allowances: [{ interface: 'ens5', exceeded: 0, available: 12 }] },
      { allowances: [{ interface: 'ens5', exceeded: 1200, available: 0 }] },
    ],
  },
  'an eBPF data plane': { elsewhere: [{}, { dataPlanes: ['Cilium'] }] },
  zone: { elsewhere: [{}, { zones: [{ zone: 5, limit: 3, entries: 3 }] }] },
  neighbours: {
    elsewhere: [
      { neighbours: [{ ...FULL_CACHE, tableFulls: [0] }] },
      { neighbours: [{ ...FULL_CACHE, tableFulls: [12] }] },
    ],
  },
  'neighbours of IPv6': {
    elsewhere: [
      { neighbours: [{ ...FULL_CACHE, name: 'ndisc_cache', tableFulls: [0] }] },
      { neighbours: [{ ...FULL_CACHE, name: 'ndisc_cache', tableFulls: [12] }] },
    ],
    logged: [{ of: 'neighbours', lines: 2000, ago: 5 }],
  },
  'neighbours without a limit': {
    elsewhere: [
      { neighbours: [{ ...FULL_CACHE, limit: undefined, tableFulls: [0] }] },
      { neighbours: [{ ...FULL_CACHE, limit: undefined, tableFulls: [12] }] },
    ],
  },
  'an allowance of which nobody knows what is left': {
    elsewhere: [
      { allowances: [{ interface: 'ens5', exceeded: 0, available: undefined }] },
      { allowances: [{ interface: 'ens5', exceeded: 1200, available: undefined }] },
    ],
  },
  'neighbours by the log': { logged: [{ of: 'neighbours', lines: 1, ago: 5 }] },
  'an accept queue': { stacks: [{ ListenOverflows: 0 }, { ListenOverflows: 44 }] },
  'attempts dropped': { stacks: [{ ListenDrops: 0 }, { ListenDrops: 1 }], seconds: 4 },
  datagrams: { stacks: [{ RcvbufErrors: 0 }, { RcvbufErrors: 44 }] },
  'the wrong interface': { stacks: [{ IPReversePathFilter: 0 }, { IPReversePathFilter: 44 }] },
  'a backlog': { stacks: [{ TCPBacklogDrop: 0 }, { TCPBacklogDrop: 44 }] },
};

function sectionOf(given: Given): string {
  const text = reportText(findings(given), PLAIN).join('\n');
  return /\nElsewhere\n(.*?)\n\n/s.exec(text)?.[1] ?? '';
}

describe.each(Object.entries(SCENES))('%s', (_, given) => {
  test('the verdict names the lead, does not rule conntrack out, and advises nothing for the table', () => {
    const found = findings(given);
    expect(verdictText(found)).toMatch(/; 1\.0% used, nothing dropped since boot$/);
    expect(verdictText(found)).not.toContain('not the problem');
    const text = reportText(found, PLAIN).join('\n');
    expect(text).toContain('\nWhat to do\n  Nothing for the table: see Elsewhere.');
    expect(text).not.toContain('look elsewhere');
  });

  test('the text fits 80 columns except commands, is ASCII, and matches the JSON', () => {
    const found = findings(given);
    const commands = found.leads.flatMap((lead) => leadBody(lead, found).commands);
    const lines = sectionOf(given).split('\n');
    for (const line of lines.filter((one) => !commands.includes(one.trim()))) {
      expect(line.length).toBeLessThanOrEqual(WIDTH);
      expect(line).toMatch(/^[ -~]+$/);
    }
    const prose = lines.map((line) => line.trim()).join(' ');
    for (const lead of found.leads) {
      const body = leadBody(lead, found);
      expect(prose.toLowerCase()).toContain(body.text.toLowerCase());
      for (const said of [...body.notes, ...body.commands]) expect(prose).toContain(said);
    }
    expect(reportBody(found).report?.incident?.trouble).toBe('elsewhere');
  });
});

test('the section of every lead', () => {
  const sections = Object.entries(SCENES).map(([name, given]) => `${name}:\n${sectionOf(given)}\n`);
  expect(`\n${sections.join('\n')}`).toMatchInlineSnapshot(`
    "
    a rule drops what is invalid:
      1,240 invalid packets/s are counted in the host, and a rule drops such
        packets.
        They match no entry and create none. They are about 34% of the packets
        received; some are normal when connections end: a lead, not a verdict.
        Likely reasons: only one direction passes here (asymmetric routing);
        connections older than the tracking (nf_conntrack_tcp_loose 0 refuses them);
        sequence numbers out of the window (nf_conntrack_tcp_be_liberal 1 accepts
        them); bad checksums (nf_conntrack_checksum 0 skips the test).
        Now: nf_conntrack_tcp_loose 0, nf_conntrack_tcp_be_liberal 0,
        nf_conntrack_checksum 1, nf_conntrack_log_invalid 0.
        Dropped by nft inet filter input, handle 5 (340 packets so far). A rule may
        have other conditions too:
          nft -a list chain inet filter input
        The kernel can log each of them with the reason, as nf_ct_... (6 is TCP, 17
        UDP, 255 all):
          sysctl -w net.netfilter.nf_conntrack_log_invalid=6
          dmesg | grep nf_ct_ | tail
        and off again:
          sysctl -w net.netfilter.nf_conntrack_log_invalid=0

    rules of iptables:
      1,240 invalid packets/s are counted in the host, and a rule drops such
        packets.
        They match no entry and create none. They are about 34% of the packets
        received; some are normal when connections end: a lead, not a verdict.
        Likely reasons: only one direction passes here (asymmetric routing);
        connections older than the tracking (nf_conntrack_tcp_loose 0 refuses them);
        sequence numbers out of the window (nf_conntrack_tcp_be_liberal 1 accepts
        them); bad checksums (nf_conntrack_checksum 0 skips the test).
        Now: nf_conntrack_tcp_loose 0, nf_conntrack_tcp_be_liberal 0,
        nf_conntrack_checksum 1, nf_conntrack_log_invalid 0.
        Dropped by iptables filter INPUT (7 packets so far); nft inet filter input,
        handle 5 (340 packets so far); nft inet filter input, handle 5 (340 packets
        so far). And 1 more. A rule may have other conditions too:
          iptables -t filter -vnL INPUT
        The kernel can log each of them with the reason, as nf_ct_... (6 is TCP, 17
        UDP, 255 all):
          sysctl -w net.netfilter.nf_conntrack_log_invalid=6
          dmesg | grep nf_ct_ | tail
        and off again:
          sysctl -w net.netfilter.nf_conntrack_log_invalid=0

    no rule:
      1,240 invalid packets/s are counted in the host.
        They match no entry and create none. They are about 34% of the packets
        received; some are normal when connections end: a lead, not a verdict.
        Likely reasons: only one direction passes here (asymmetric routing);
        connections older than the tracking (nf_conntrack_tcp_loose 0 refuses them);
        sequence numbers out of the window (nf_conntrack_tcp_be_liberal 1 accepts
        them); bad checksums (nf_conntrack_checksum 0 skips the test).
        Now: nf_conntrack_tcp_loose 0, nf_conntrack_tcp_be_liberal 0,
        nf_conntrack_checksum 1, nf_conntrack_log_invalid 0.
        No rule drops them as invalid; the policy of a chain still may.
        The kernel can log each of them with the reason, as nf_ct_... (6 is TCP, 17
        UDP, 255 all):
          sysctl -w net.netfilter.nf_conntrack_log_invalid=6
          dmesg | grep nf_ct_ | tail
        and off again:
          sysctl -w net.netfilter.nf_conntrack_log_invalid=0

    rules not read:
      1,240 invalid packets/s are counted in the host.
        They match no entry and create none. They are about 34% of the packets
        received; some are normal when connections end: a lead, not a verdict.
        Likely reasons: only one direction passes here (asymmetric routing);
        connections older than the tracking (nf_conntrack_tcp_loose 0 refuses them);
        sequence numbers out of the window (nf_conntrack_tcp_be_liberal 1 accepts
        them); bad checksums (nf_conntrack_checksum 0 skips the test).
        The rules could not be read: a rule may drop them.
        The kernel can log each of them with the reason, as nf_ct_... (6 is TCP, 17
        UDP, 255 all):
          sysctl net.netfilter.nf_conntrack_log_invalid
          sysctl -w net.netfilter.nf_conntrack_log_invalid=6
          dmesg | grep nf_ct_ | tail
        and off again: set net.netfilter.nf_conntrack_log_invalid to the value that
        its first command printed.

    of a namespace:
      90 invalid packets/s are counted in namespace of envoy (pid 4711), and a
        rule drops such packets.
        They match no entry and create none. Some are normal when connections end: a
        lead, not a verdict.
        Likely reasons: only one direction passes here (asymmetric routing);
        connections older than the tracking (nf_conntrack_tcp_loose 0 refuses them);
        sequence numbers out of the window (nf_conntrack_tcp_be_liberal 1 accepts
        them); bad checksums (nf_conntrack_checksum 0 skips the test).
        Now: nf_conntrack_tcp_loose 0, nf_conntrack_tcp_be_liberal 0,
        nf_conntrack_checksum 1, nf_conntrack_log_invalid 0.
        Dropped by nft inet filter input, handle 5 (340 packets so far). A rule may
        have other conditions too:
          nsenter -t 4711 -n nft -a list chain inet filter input
        The kernel can log each of them with the reason, as nf_ct_... (6 is TCP, 17
        UDP, 255 all); of this namespace only after the first of these, on the host:
          sysctl -w net.netfilter.nf_log_all_netns=1
          nsenter -t 4711 -n sysctl -w net.netfilter.nf_conntrack_log_invalid=6
          dmesg | grep nf_ct_ | tail
        and off again:
          nsenter -t 4711 -n sysctl -w net.netfilter.nf_conntrack_log_invalid=0
          sysctl -w net.netfilter.nf_log_all_netns=0

    expectations full:
      The table of expected connections of the host is full: 256 of 256.
        This is a separate table: helpers (FTP, SIP, TFTP) record expected
        connections in it, and drop packets that announce more.
        Raise nf_conntrack_expect_max, on the host:
          sysctl -w net.netfilter.nf_conntrack_expect_max=1024

    expectations were full:
      The table of expected connections was full 61 s ago.
        This is a separate table: helpers (FTP, SIP, TFTP) record expected
        connections in it, and drop packets that announce more. The kernel log has
        1,200 lines of "expectation table full", the last 61 s ago; it does not say
        which namespace. Now at most 3 of 256.
        Raise nf_conntrack_expect_max, on the host:
          sysctl -w net.netfilter.nf_conntrack_expect_max=1024

    allowance:
      The cloud drops 1,200 packets/s of ens5: its own limit of tracked
        connections is reached.
        They are dropped outside this machine, and no setting here helps: reduce
        tracked connections, use security groups that need no tracking, or a larger
        instance. 0 more connections are allowed.
          ethtool -S ens5 | grep conntrack_allowance

    an eBPF data plane:
      Cilium tracks connections of pods in its own eBPF maps, not in this table.
        A full map drops packets too. Its entries, and how full it is
        (cilium_bpf_map_pressure), in the cilium pod of this node:
          cilium-dbg bpf ct list global | wc -l
          cilium-dbg metrics list -p map_pressure

    zone:
      Zone 5 of Open vSwitch is at its own limit: 3 of 3.
        New connections of that zone are refused. To allow twice as many:
          ovs-appctl dpctl/ct-set-limits zone=5,limit=6

    neighbours:
      The table of neighbours, arp_cache, has no room 12 times/s.
        Packets to addresses that are not in it are lost in every namespace. Now
        1,024 entries, gc_thresh3 1,024.
        Raise gc_thresh3, on the host, if that many neighbours are expected:
          sysctl -w net.ipv4.neigh.default.gc_thresh3=4096

    neighbours of IPv6:
      The table of neighbours, ndisc_cache, has no room 12 times/s.
        Packets to addresses that are not in it are lost in every namespace. The
        kernel log has 2,000 lines of "neighbor table overflow", the last 5 s ago;
        it does not say which namespace. Now 1,024 entries, gc_thresh3 1,024.
        Raise gc_thresh3, on the host, if that many neighbours are expected:
          sysctl -w net.ipv6.neigh.default.gc_thresh3=4096

    neighbours without a limit:
      The table of neighbours, arp_cache, has no room 12 times/s.
        Packets to addresses that are not in it are lost in every namespace. Now
        1,024 entries.
        How many there are now:
          ip neigh | wc -l

    an allowance of which nobody knows what is left:
      The cloud drops 1,200 packets/s of ens5: its own limit of tracked
        connections is reached.
        They are dropped outside this machine, and no setting here helps: reduce
        tracked connections, use security groups that need no tracking, or a larger
        instance.
          ethtool -S ens5 | grep conntrack_allowance

    neighbours by the log:
      The table of neighbours was full 5 s ago.
        Packets to addresses that are not in it are lost in every namespace. The
        kernel log has one line of "neighbor table overflow", the last 5 s ago; it
        does not say which namespace.
        How many there are now:
          ip neigh | wc -l

    an accept queue:
      Listening sockets of the host turn away 44 connection attempts/s: too many
        wait to be accepted.
        ListenOverflows rises: a program is too slow, or its queue too short. If
        Recv-Q has reached Send-Q (at most net.core.somaxconn):
          ss -ltnp

    attempts dropped:
      Listening sockets of the host turn away 0.3 connection attempts/s.
        ListenDrops rises: a program is too slow, or its queue too short. If Recv-Q
        has reached Send-Q (at most net.core.somaxconn):
          ss -ltnp

    datagrams:
      Sockets of the host drop 44 datagrams/s: too many wait to be read.
        RcvbufErrors rises: a program is too slow, or its queue too short. If Recv-Q
        is long:
          ss -uanp

    the wrong interface:
      The reverse path filter of the host drops 44 packets/s.
        IPReversePathFilter rises: they arrived on an interface that replies would
        not leave by (asymmetric routing). 1 is strict, 2 accepts any interface with
        a route back; the larger of all and the interface's value counts:
          sysctl -ar 'ipv4.*[.]rp_filter'

    a backlog:
      Sockets of the host drop 44 TCP segments/s: too many wait to be read.
        TCPBacklogDrop rises: a program is too slow, or its queue too short. If
        Recv-Q is long:
          ss -tnp
    "
  `);
});

test('the report is unchanged without a lead', () => {
  const found = findings({});
  expect(verdictText(found)).toBe('conntrack is not the problem: 1.0% used, nothing dropped since boot');
  expect(reportText(found, PLAIN).join('\n')).toContain('\nWhat to do\n  Nothing here: look elsewhere.');
  expect(sectionOf({})).toBe('');
  expect(reportBody(found).report?.incident?.elsewhere).toEqual([]);
});

describe('single sentences', () => {
  test.each<[Given | undefined, string]>([
    [
      SCENES['a rule drops what is invalid'],
      '1,240 invalid packets/s are counted in the host, and a rule drops such packets',
    ],
    [SCENES['no rule'], '1,240 invalid packets/s are counted in the host;'],
    [SCENES['of a namespace'], '90 invalid packets/s are counted in namespace of envoy (pid 4711), and a rule'],
    [SCENES['expectations full'], 'the table of expected connections of the host is full: 256 of 256'],
    [SCENES['expectations were full'], 'the table of expected connections was full 61 s ago'],
    [SCENES['allowance'], 'the cloud drops 1,200 packets/s of ens5: its own limit of tracked connections is reached'],
    [SCENES['datagrams'], 'sockets of the host drop 44 datagrams/s: too many wait to be read;'],
    [SCENES['the wrong interface'], 'the reverse path filter of the host drops 44 packets/s;'],
    [{ ...SCENES['attempts dropped'], seconds: 60 }, 'of the host turn away less than 0.1 connection attempts/s;'],
    [SCENES['attempts dropped'], 'listening sockets of the host turn away 0.3 connection attempts/s;'],
  ])('%#', (given, words) => expect(verdictText(findings(given ?? {}))).toContain(words));

  test.each<[Given | undefined, string]>([
    [
      SCENES['a rule drops what is invalid'],
      'Dropped by nft inet filter input, handle 5 (340 packets so far). A rule may',
    ],
    [SCENES['a rule drops what is invalid'], 'nft -a list chain inet filter input'],
    [SCENES['a rule drops what is invalid'], 'They are about 34% of the packets received'],
    [SCENES['a rule drops what is invalid'], 'Now: nf_conntrack_tcp_loose 0, nf_conntrack_tcp_be_liberal 0,'],
    [SCENES['rules of iptables'], 'iptables -t filter -vnL INPUT'],
    [SCENES['rules of iptables'], 'And 1 more.'],
    [SCENES['no rule'], 'No rule drops them as invalid; the policy of a chain'],
    [SCENES['rules not read'], 'The rules could not be read: a rule may drop them.'],
    [SCENES['of a namespace'], 'nsenter -t 4711 -n sysctl -w net.netfilter.nf_conntrack_log_invalid=6'],
    [SCENES['of a namespace'], 'sysctl -w net.netfilter.nf_log_all_netns=0'],
    [SCENES['expectations were full'], 'Now at most 3 of 256.'],
    [SCENES['expectations full'], 'sysctl -w net.netfilter.nf_conntrack_expect_max=1024'],
    [SCENES['neighbours'], 'sysctl -w net.ipv4.neigh.default.gc_thresh3=4096'],
  ])('%#', (given, words) => expect(sectionOf(given ?? {}).replace(/\s+/g, ' ')).toContain(words));

  test('the setting that logs invalid packets is restored to its value', () => {
    const given = invalid({ settings: { ...SETTINGS, log_invalid: 255 } });
    expect(sectionOf(given)).toMatch(/and off again:\n\s+sysctl -w net\.netfilter\.nf_conntrack_log_invalid=255$/);
    expect(sectionOf(given)).not.toContain('nf_log_all_netns');
  });

  test('an unknown value is read first, and never guessed', () => {
    const section = sectionOf(invalid({ settings: {} }));
    expect(section).toMatch(/\n +sysctl net\.netfilter\.nf_conntrack_log_invalid\n +sysctl -w \S+log_invalid=6\n/);
    expect(section).not.toContain('log_invalid=0');
    expect(section.replace(/\s+/g, ' ')).toContain('to the value that its first command printed.');
  });

  test.each([
    [4, 6, false],
    [4, 7, true],
    [undefined, 0, true],
  ])('kernels before 4.7 do not log other namespaces: %s.%d', (major, minor, logs) => {
    const release = major === undefined ? undefined : { major, minor };
    const section = sectionOf({ ...SCENES['of a namespace'], release });
    expect([section.includes('nf_log_all_netns'), section.includes('log_invalid=6')]).toEqual([logs, logs]);
  });
});
