// No advice cuts off an ssh session of the machine, or lets a scan in by leaving its port untracked.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressKey } from '../../../../src/kernel/namespaces/ssh-sessions.ts';
import type { FilterChain } from '../../../../src/model/filter-chain.ts';
import type { SshAccess } from '../../../../src/model/ssh-access.ts';
import { type CulpritAdvice, culpritAdvice } from '../../../../src/report/advice/culprits.ts';
import { releaseAdvice } from '../../../../src/report/advice/release.ts';
import type { Suspicion } from '../../../../src/report/advice/suspicion.ts';
import { synproxyStep } from '../../../../src/report/advice/synproxy.ts';
import { STATES } from '../../../../src/report/list/entry.ts';
import { type Found, type Line, listed, NO_SSH, ownOf, times, UNKNOWN_OWN } from '../../support/listed.ts';

const SYN = { state: 'SYN_SENT', flag: 'UNREPLIED', left: 119 } as const;
const HALF = { state: 'SYN_RECV', left: 59 } as const;
const SERVED = { state: 'TIME_WAIT', left: 60 } as const;
const ESTABLISHED = STATES.indexOf('ESTABLISHED');
const UDP = { protocol: 'udp', flag: 'UNREPLIED', port: 53, left: 29 } as const;
const [CLIENT, OTHER] = ['198.51.100.7', '203.0.113.9'];
const key = (address: string) => addressKey(address) ?? '';

const SESSION: SshAccess = {
  ...NO_SSH,
  listening: new Set([22, 2222]),
  ports: new Set([22, 2222, 1723]),
  clients: new Set([key(CLIENT), key('2001:db8:0:7::9')]),
  established: new Set([2222, 8443]),
};
const PARTLY: SshAccess = { ...SESSION, isComplete: false };
const NOWHERE: SshAccess = { ...NO_SSH, isComplete: false, established: undefined };

function suspicion(changes: Partial<Suspicion> = {}): Suspicion {
  const release = { ok: true, value: { major: 6, minor: 18 }, source: '' } as const;
  const machine = { generation: 'nf_conntrack', release } as const;
  const known = { arrivals: undefined, refused: 0, limit: 4000, own: ownOf(), host: ownOf(), chains: [], loose: 1 };
  return { ...known, machine, ssh: SESSION, ...changes };
}

function advised({ holdings, arrivals }: Found, changes: Partial<Suspicion> = {}) {
  return culpritAdvice(suspicion({ arrivals, ...changes }), holdings);
}

function kinds(found: Found, changes: Partial<Suspicion> = {}): readonly string[] {
  return advised(found, changes).map(({ kind }) => kind);
}

const many = (of: Line) => times(1000, (at) => ({ source: `10.${at >> 8}.${at & 255}.1`, ...of }));

describe('an untracked port', () => {
  const served = (port: number) => listed(many({ ...SERVED, port }), many({ ...SERVED, port }));

  test.each<[string, number, SshAccess, boolean]>([
    ['a served port', 443, SESSION, true],
    ['a served port, not connected to this machine', 443, PARTLY, true],
    ['the ssh port', 22, NO_SSH, false],
    ['the ssh port, in a captured tree', 22, NOWHERE, false],
    ['the port of an sshd', 2222, SESSION, false],
    ["the port of an ssh client's end", 1723, SESSION, false],
    ['a port connected to this machine, not by ssh', 8443, SESSION, true],
    ['a port connected to this machine, perhaps by ssh', 8443, PARTLY, false],
    ['a port perhaps connected to this machine', 443, NOWHERE, false],
    ['the first ephemeral port', 32_768, SESSION, false],
    ['the last port below the ephemeral range', 32_767, SESSION, true],
  ])('%s, %i', (_, port, ssh, isAdvised) => expect(kinds(served(port), { ssh }).includes('notrack')).toBe(isAdvised));

  test('a scan or an unanswered flood is never untracked', () => {
    const scan = times(1000, (at) => ({ ...SYN, source: OTHER, from: 1024 + at }));
    expect(kinds(listed(scan, scan))).toEqual(['source', 'source_limit']);
    expect(kinds(listed(scan), { arrivals: undefined })).toEqual(['source']);
    const refused = many({ state: 'CLOSE', flag: 'UNREPLIED', left: 9 });
    expect(kinds(listed(refused), { arrivals: undefined })).toEqual([]);
    // A served port, then flooded.
    const mixed = [...many(SERVED), ...many(SYN).slice(0, 400)];
    expect(kinds(listed(mixed, many(SYN).slice(0, 200)))).not.toContain('notrack');
    expect(kinds(listed(mixed, many(SERVED).slice(0, 200)))).toContain('notrack');
  });

  const udp = () => listed(many(UDP), many(UDP));
  const reach = (changes: Partial<Suspicion>) => advised(udp(), changes).find(({ kind }) => kind === 'notrack');

  test('the rules reach local traffic, forwarded traffic, or both', () => {
    expect(reach({ own: ownOf(key('192.0.2.1')) })).toMatchObject({ reach: 'local' });
    expect(reach({ own: ownOf(key('192.0.2.2')) })).toMatchObject({ reach: 'forwarded' });
    expect(reach({ own: ownOf(key('10.0.0.1')) })).toMatchObject({ reach: 'both' });
    expect(reach({ own: UNKNOWN_OWN })).toMatchObject({ reach: 'both' });
    expect(reach({})).toMatchObject({ reach: 'forwarded' });
    const old = {
      generation: 'nf_conntrack',
      release: { ok: true, value: { major: 2, minor: 6 }, source: '' },
    } as const;
    expect(reach({ own: ownOf(key('192.0.2.1')), machine: old })).toMatchObject({ reach: 'both' });
  });

  test('the chains that its packets pass are named', () => {
    const hooks = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;
    const chains = hooks.map((hook): FilterChain => {
      return { tool: 'nft', family: 'inet', table: 'filter', chain: hook, hook, isOwned: false };
    });
    const passed = (own: string) => {
      const found = reach({ own: ownOf(key(own)), chains });
      return found?.kind === 'notrack' ? found.chains?.map(({ hook }) => hook) : undefined;
    };
    expect(passed('192.0.2.1')).toEqual(['prerouting', 'input', 'output', 'postrouting']);
    expect(passed('192.0.2.2')).toEqual(['prerouting', 'forward', 'postrouting']);
    expect(passed('10.0.0.1')).toEqual(hooks);
    expect(reach({ chains: undefined })).toMatchObject({ chains: undefined });
  });
});

describe('a source or network with an ssh session', () => {
  test.each([
    [CLIENT, true],
    ['198.51.100.8', false],
    ['2001:db8:0:7::9', true],
    ['2001:db8:0:7::8', false],
  ])('%s', (source, hasSsh) => {
    const lines = times(1000, () => ({ ...UDP, source }));
    const rest = hasSsh ? [] : [{ kind: 'source_limit' }];
    const without = advised(listed(lines, lines)).filter(({ kind }) => kind !== 'notrack');
    expect(without).toMatchObject([{ kind: 'source', hasSsh }, ...rest]);
    expect(advised(listed(lines), { arrivals: undefined })[1]).toMatchObject({ kind: 'source', hasSsh });
  });

  test.each([
    ['198.51.100', true],
    ['198.51.101', false],
  ])('%s.0/24', (network, hasSsh) => {
    const lines = times(1000, (at) => ({ ...UDP, source: `${network}.${at & 255}` }));
    const others = times(200, (at) => ({ source: `10.0.0.${at}`, port: 5432 }));
    const rest = hasSsh ? [] : [{ kind: 'source_limit' }];
    const found = advised(listed([...others, ...lines], lines)).slice(1);
    expect(found).toMatchObject([{ kind: 'network', hasSsh, spared: hasSsh ? 'ssh' : undefined }, ...rest]);
  });

  test.each([
    ['2001:db8:0:7', true],
    ['2001:db8:0:8', false],
  ])('%s::/64', (network, hasSsh) => {
    const lines = times(1000, (at) => ({ ...UDP, source: `${network}::${(at + 16).toString(16)}` }));
    expect(advised(listed(lines, lines))[1]).toMatchObject({ kind: 'network', hasSsh });
  });

  test('unknown if the sessions are incomplete', () => {
    const lines = times(1000, () => ({ ...UDP, source: OTHER }));
    expect(advised(listed(lines, lines), { ssh: PARTLY })[1]).toMatchObject({ kind: 'source', hasSsh: undefined });
  });
});

describe('a SYN flood', () => {
  const flood = (port: number) => {
    const lines = times(1000, (at) => ({
      ...(at === 0 ? HALF : SYN),
      port,
      source: `${1 + (at % 199)}.${at >> 2}.1.1`,
    }));
    return listed(lines, lines);
  };

  test('to ssh: no tcp_loose=0, which cuts off a session that lost its entry', () => {
    expect(advised(flood(22))).toMatchObject([{ kind: 'rate_limit', isSsh: true }]);
    expect(advised(flood(2222))).toMatchObject([{ kind: 'rate_limit', isSsh: true }]);
    expect(kinds(flood(8443), { ssh: PARTLY })).toEqual(['rate_limit']);
    expect(advised(flood(8443))).toMatchObject([{ kind: 'synproxy', sshPorts: [22, 2222] }, { isSsh: false }]);
  });

  test.each([
    [SESSION, /^The conntrack -L commands must list every ssh session of this machine\. Every other TCP session /],
    [
      { ...NO_SSH, listening: new Set<number>() },
      /^Every TCP session of this machine that you need \(ssh, VPN, kubectl exec\) must have an entry /,
    ],
  ])('every TCP session must have an entry, not only ssh', (ssh, expected) => {
    const place = {
      observation: { machine: { release: suspicion().machine.release } },
      subject: { isOwn: true, mount: undefined, pids: [] },
    };
    const [step] = advised(flood(8443), { ssh }).flatMap((advice) =>
      advice.kind === 'synproxy' ? [synproxyStep(advice, place)] : [],
    );
    expect(step?.preconditions?.[0]).toMatch(expected);
  });

  test('ssh sessions are listed first, including those over IPv6', () => {
    const subject = { isOwn: true, mount: undefined, pids: [] };
    const place = { observation: { machine: { release: suspicion().machine.release } }, subject };
    const listing = (ssh: SshAccess) =>
      advised(flood(8443), { ssh })
        .flatMap((advice) => (advice.kind === 'synproxy' ? synproxyStep(advice, place).commands : []))
        .filter((line) => line.startsWith('conntrack -L '));
    const [four, six] = [
      'conntrack -L -p tcp --state ESTABLISHED --dport',
      'conntrack -L -f ipv6 -p tcp --state ESTABLISHED --dport',
    ];
    expect(listing({ ...SESSION, clients: new Set([key(CLIENT)]) })).toEqual([`${four} 22`, `${four} 2222`]);
    expect(listing(SESSION)).toEqual([`${four} 22`, `${six} 22`, `${four} 2222`, `${six} 2222`]);
  });

  test.each([
    [4, 9, 2_600_000, 10_752],
    [4, 9, 240_000, 1000],
    [4, 9, 2 ** 31 - 1, 1_000_000],
    [4, 8, 2_600_000, 10_000],
    [4, 8, 1_680_000, 5000],
    [2, 6, 1_300_000, 5000],
    [4, 8, 840_000, 3333],
    [3, 10, 4000, 16],
    [3, 10, 240, 1],
  ])('Linux %i.%i gets a rate that its iptables accepts', (major, minor, limit, perSecond) => {
    const machine = { generation: 'nf_conntrack', release: { ok: true, value: { major, minor }, source: '' } } as const;
    const advice = advised(flood(443), { limit, machine }).find(({ kind }) => kind === 'rate_limit');
    expect(advice).toMatchObject({ perSecond });
  });
});

test.each([
  ['iptables 1.4', 3, 10_000],
  ['iptables 1.6.1', 6, 1_000_000],
])('%s accepts every advised rate, and enforces it', (_, major, scale) => {
  const lines = times(200, (at) => ({ ...SYN, source: `${1 + at}.1.1.1` }));
  const found = listed(lines, lines);
  const release = { ok: true, value: { major, minor: 10 }, source: '' } as const;
  const machine = { generation: 'nf_conntrack', release } as const;
  fc.assert(
    fc.property(fc.integer({ min: 240, max: 2 ** 31 - 1 }), (limit) => {
      const advice = advised(found, { limit, machine }).find(({ kind }) => kind === 'rate_limit');
      if (advice?.kind !== 'rate_limit') return false;
      const { perSecond } = advice;
      // iptables keeps whole parts of a second per packet; 0 parts is "Rate too fast".
      const parts = Math.floor(scale / perSecond);
      return parts >= 1 && perSecond <= limit / 240 && scale / parts < perSecond + 1;
    }),
    { numRuns: 300 },
  );
});

test('open ssh connections are kept; half-open and ended ones are removed', () => {
  const seen = (ssh: SshAccess) => {
    const open = [443, 22, 2222, 8443].map((port) => ({
      state: ESTABLISHED,
      port,
      seconds: 1,
      both: 900,
      reset: 0,
      idle: 900,
    }));
    return { ssh, own: ownOf(), timers: 'sysctls', arrivals: { open } } as const;
  };
  const silent = (port: number, of: Line = {}) => listed(times(900, () => ({ left: 1000, port, ...of }))).holdings;
  expect(releaseAdvice(silent(443), seen(SESSION))).toMatchObject([{ cost: 'silent' }]);
  for (const port of [22, 2222]) expect(releaseAdvice(silent(port), seen(SESSION))).toEqual([]);
  expect(releaseAdvice(silent(8443), seen(PARTLY))).toEqual([]);
  expect(releaseAdvice(silent(443), seen(NOWHERE))).toEqual([]);
  expect(releaseAdvice(silent(22, { ...SYN }), seen(SESSION))).toMatchObject([{ cost: 'half-open' }]);
  expect(releaseAdvice(silent(22, { ...SERVED }), seen(SESSION))).toMatchObject([{ cost: 'ended' }]);
});

const OWN = key('192.0.2.1');

/** Returns true if the advice spares the session and the machine itself. */
function spares(advice: CulpritAdvice): boolean {
  switch (advice.kind) {
    case 'notrack':
      return !SESSION.ports.has(advice.port);
    case 'synproxy':
      return !SESSION.ports.has(advice.target.port);
    case 'source': {
      const address = addressOf(advice);
      if (address === OWN) return advice.spared === 'own';
      return SESSION.clients.has(address) ? advice.spared === 'ssh' : true;
    }
    case 'source_limit':
      return !SESSION.clients.has(addressOf(advice)) && OWN !== addressOf(advice);
    case 'network':
    case 'rate_limit':
      return true;
  }
}

function addressOf({ holder }: Extract<CulpritAdvice, { readonly holder: unknown }>): string {
  return holder.key.join();
}

test('no list leads to a rule against the session', () => {
  const line = fc.record({
    port: fc.constantFrom(22, 2222, 443, 53),
    source: fc.constantFrom(CLIENT, '198.51.100.9', OTHER, '10.0.0.1', '192.0.2.1'),
    state: fc.constantFrom('SYN_SENT', 'ESTABLISHED', 'TIME_WAIT'),
    flag: fc.constantFrom('UNREPLIED' as const, 'ASSURED' as const),
  });
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), fc.boolean(), (rows, hasBegun) => {
      const lines = times(200, (at) => rows[at % rows.length] ?? {});
      const changes = hasBegun ? {} : { arrivals: undefined };
      return advised(listed(lines, lines), { own: ownOf(OWN), ...changes }).every(spares);
    }),
    { numRuns: 300 },
  );
});
