import { describe, expect, test } from 'vitest';
import { type CulpritAdvice, culpritAdvice, type Suspicion } from '../../../src/evaluate/culprits.ts';
import { releaseAdvice } from '../../../src/evaluate/release.ts';
import { arrivalLines } from '../../../src/present/arrivals.ts';
import { arrivalsBody } from '../../../src/present/arrivals-body.ts';
import { networkStep, sourceLimitStep, sourceStep } from '../../../src/present/culprit-steps.ts';
import { rateLimitStep, synproxyStep } from '../../../src/present/flood-steps.ts';
import { listLines } from '../../../src/present/listing.ts';
import { notrackStep } from '../../../src/present/notrack-step.ts';
import { releaseStep } from '../../../src/present/release-step.ts';
import type { Place, Step } from '../../../src/present/step.ts';
import { type Found, type Line, line, listed, times } from '../support/listed.ts';

const UDP = { protocol: 'udp', flag: 'UNREPLIED', port: 53, left: 29 } as const;

function place(major: number, minor: number): Place {
  const release = { ok: true, value: { major, minor }, source: '' } as const;
  return { observation: { machine: { release } }, subject: { isOwn: true, mount: undefined, pids: [] } };
}
const NEW = place(6, 18);

function advised({ holdings, arrivals }: Found, changes: Partial<Suspicion> = {}): readonly CulpritAdvice[] {
  const { release } = NEW.observation.machine;
  const machine = { generation: 'nf_conntrack', release } as const;
  return culpritAdvice({ arrivals, refused: 0, limit: 4000, machine, own: new Set(), ...changes }, holdings);
}

function stepOf(advice: CulpritAdvice, where: Place): Step {
  switch (advice.kind) {
    case 'notrack':
      return notrackStep(advice, where);
    case 'source':
      return sourceStep(advice, where);
    case 'network':
      return networkStep(advice, where);
    case 'source limit':
      return sourceLimitStep(advice, where);
    case 'synproxy':
      return synproxyStep(advice, where);
    case 'rate limit':
      return rateLimitStep(advice, where);
  }
}

function step(
  lines: readonly string[],
  kind: CulpritAdvice['kind'],
  where = NEW,
  changes: Partial<Suspicion> = {},
): Step {
  const found = advised(listed(lines, lines), changes).find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return stepOf(found, where);
}

function forged(of: Line): readonly string[] {
  return times(1000, (at) => ({
    state: 'SYN_SENT',
    flag: 'UNREPLIED',
    left: 119,
    source: `${1 + (at % 199)}.${at >> 2}.1.1`,
    ...of,
  }));
}

describe('IPv6', () => {
  const network = times(500, (at) => ({ ...UDP, source: `2001:db8:0:7::${(at + 1).toString(16)}` }));
  const source = times(500, () => ({ ...UDP, source: '2001:db8:0:7::9' }));

  test('a network', () => {
    expect(step(network, 'network').commands.slice(2)).toEqual([
      'nft add rule inet check_conntrack prerouting ip6 saddr 2001:db8:0:7::/64 drop',
      'conntrack -f ipv6 -D -s 2001:db8:0:7::/64 >/dev/null',
    ]);
    expect(step(network, 'source limit')).toMatchObject({
      title: 'Or let no /64 network have more than 100 entries, and shut nobody out.',
      instead: [
        'ip6tables -t mangle -I PREROUTING -m conntrack --ctstate NEW -m connlimit --connlimit-above 100 --connlimit-mask 64 -j DROP',
        'conntrack -f ipv6 -D -s 2001:db8:0:7::/64 >/dev/null',
      ],
    });
    expect(step(network, 'source limit').commands[3]).toBe(
      "nft 'add rule inet check_conntrack limited ct state new add @networks6 { ip6 saddr and ffff:ffff:ffff:ffff:: ct count over 100 } drop'",
    );
  });

  test('a source', () => {
    expect(step(source, 'source').instead).toEqual([
      'ip6tables -t raw -I PREROUTING -s 2001:db8:0:7::9 -j DROP',
      'conntrack -f ipv6 -D -s 2001:db8:0:7::9 >/dev/null',
    ]);
    expect(step(source, 'source limit').commands[3]).toContain('add @sources6 { ip6 saddr ct count over 100 } drop');
  });

  test('the target of a SYN flood', () => {
    const flood = times(1000, (at) => ({
      state: 'SYN_SENT',
      flag: 'UNREPLIED',
      left: 119,
      source: `2001:${at.toString(16)}::1`,
    }));
    expect(step(flood, 'rate limit').commands[2]).toBe(
      'nft add rule inet check_conntrack limited ip6 daddr 2001:db8::1 tcp dport 443 ct state new limit rate over 16/second drop',
    );
    expect(
      step(flood, 'synproxy')
        .instead.slice(1)
        .every((one) => one.startsWith('ip6tables ')),
    ).toBe(true);
  });
});

describe('what older kernels have', () => {
  const flooder = times(500, () => ({ ...UDP, source: '203.0.113.9' }));
  const network = times(500, (at) => ({ ...UDP, source: `198.51.100.${at & 255}` }));

  test.each([
    [2, 6, 'iptables ', 0],
    [4, 17, 'iptables ', 0],
    [4, 18, 'nft ', 2],
  ])('Linux %i.%i counts by source with %s', (major, minor, tool, instead) => {
    const found = step(flooder, 'source limit', place(major, minor));
    expect(found.commands[0]?.startsWith(tool)).toBe(true);
    expect(found.instead).toHaveLength(instead);
  });

  test.each([
    [4, 18, 'iptables -t raw '],
    [5, 3, 'nft add table '],
  ])('Linux %i.%i answers SYNs with %s', (major, minor, tool) => {
    expect(step(forged({}), 'synproxy', place(major, minor)).commands[1]?.startsWith(tool)).toBe(true);
  });

  test('the entries of a whole network cannot be removed at once', () => {
    expect(step(network, 'network', place(2, 6)).commands).toEqual([
      'iptables -t raw -I PREROUTING -s 198.51.100.0/24 -j DROP',
    ]);
  });
});

test('a SYN flood from many places at many addresses: no address in the rules, and both families', () => {
  const spread = forged({}).map((text, at) => text.split('192.0.2.1').join(`192.0.2.${at % 9}`));
  const found = step(spread, 'rate limit');
  expect(found.title).toMatch(/^Or admit 16 new connections\/s to port 443, and no more/);
  expect(found.commands[2]).toContain('limited tcp dport 443 ct state new');
  expect(found.instead.map((one) => one.split(' ')[0])).toEqual(['iptables', 'ip6tables']);
});

test('a SYN flood through the machine is answered where it is forwarded, one at it where it comes in', () => {
  const own = new Set([String((192 << 24) | (2 << 8) | 1)]);
  expect(step(forged({}), 'synproxy').commands.join()).toContain('hook forward');
  expect(step(forged({}), 'synproxy', NEW, { own }).commands.join()).toContain('hook input');
});

test('what is freed, for each family that is there', () => {
  const of = (source: string) => times(500, () => ({ state: 'TIME_WAIT', left: 60, source }));
  const steps = (lines: readonly string[]) =>
    releaseAdvice(listed(lines).holdings).map((one) => releaseStep(one, NEW).commands);
  expect(steps([...of('10.0.0.1'), ...of('2001:db8::9')])).toEqual([
    [
      'conntrack -D -f ipv4 -p tcp --state TIME_WAIT --dport 443 >/dev/null',
      'conntrack -D -f ipv6 -p tcp --state TIME_WAIT --dport 443 >/dev/null',
    ],
  ]);
  expect(steps(of('10.0.0.1'))).toEqual([['conntrack -D -p tcp --state TIME_WAIT --dport 443 -s 10.0.0.1 >/dev/null']]);
});

describe('in words', () => {
  const idle = times(300, () => ({ port: 5432 }));
  const flooder = times(100, () => ({ ...UDP, source: '2001:0db8:0123:4567:89ab:cdef:0123:4567' }));
  const shown = ({ holdings, arrivals }: Found) =>
    listLines({ kind: 'list', source: '/proc/net/nf_conntrack', holdings, arrivals, cut: undefined });

  test('both columns, no line too long', () => {
    const lines = shown(listed([...idle, ...flooder], flooder));
    for (const one of lines) expect(one.length).toBeLessThanOrEqual(80);
    expect(lines).toContain('    2001:db8:123:4567:89ab:cdef:123:4567          100  25.0%       100 100.0%');
    expect(lines).toContain('    10.0.0.1                                      300  75.0%         0   0.0%');
    expect(lines).toContain('  New: 100 entries that were not there 1 s before.');
  });

  test('a crowd of which nobody has or adds a hundredth', () => {
    const crowd = times(500, (at) => ({ ...UDP, source: `198.51.${at >> 8}.${at & 255}` }));
    const lines = shown(listed(crowd, crowd));
    const at = lines.findIndex((one) => one.startsWith('  Sources (500)'));
    expect(lines[at + 1]).toBe('    none has more than 1');
  });

  test('as before where nothing tells who adds', () => {
    const lines = shown(listed(idle, [line({})]));
    expect(lines).toContain('  New: 1 entry that was not there 1 s before.');
    expect(lines.join('\n')).toMatch(/\n {2}Sources \(1\) +Destinations \(1\)\n/);
    expect(shown(listed(idle)).join('\n')).not.toMatch(/New|Fresh/);
  });

  test('of a part: about how many, and how far off', () => {
    const { arrivals } = listed([...idle, ...flooder], flooder);
    const part = { ...arrivals, counted: 25, read: 100 };
    expect(arrivalLines(part).join(' ').replace(/\s+/g, ' ')).toContain(
      'New: 25 entries that were not there 1 s before, among 100 that were read twice: of all about 100, shares right to within 20 percentage points',
    );
  });

  test('for programs', () => {
    const { arrivals } = listed([...idle, ...flooder], flooder);
    expect(arrivalsBody(arrivals)).toMatchObject({
      kind: 'new',
      counted: 100,
      lines: 400,
      telling: true,
      added: 100,
      networks: [
        { address: '2001:db8:123:4567::/64', entries: 100, added: 100 },
        { address: '10.0.0.0/24', entries: 300, added: 0 },
      ],
      ports: [
        { protocol: 17, port: 53, entries: 100, added: 100 },
        { protocol: 6, port: 5432, entries: 300, added: 0 },
      ],
      kinds: [{ protocol: 17, name: 'udp', state: null, offloaded: false, added: 100 }],
    });
  });
});
