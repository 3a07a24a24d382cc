// A source or network with ssh sessions is not blocked; if its sessions are unknown, they are listed first.

import { expect, test } from 'vitest';
import { networkStep, sourceStep } from '../../../../src/report/advice/keep-out.ts';
import { observation, ok, table } from '../../support/observation.ts';

const context = { observation: observation({ release: ok({ major: 6, minor: 18 }) }), subject: table() };
const FOUR = { key: [(198 << 24) | (51 << 16) | (100 << 8) | 7], ipv6: false, entries: 900 };
const SIX = { key: [0x20010db8, 7, 0, 9], ipv6: true, entries: 900 };
const NETWORK = { key: [0x20010db8, 7], ipv6: true, entries: 900 };
const ADDS = { kind: 'new', added: 90, of: 100 } as const;

test('a source or network with an ssh session is only shown', () => {
  const source = sourceStep(
    { kind: 'source', holder: FOUR, of: 1000, zoned: 0, maybeForged: false, hasSsh: true, spared: 'ssh' },
    context,
  );
  expect(source).toMatchObject({
    title: 'Find out what 198.51.100.7 does: it has 90.0% of the entries.',
    commands: ['ss -tnp state established dst 198.51.100.7'],
    undo: [],
    instead: [],
    remains: 'Changes nothing.',
    files: [],
  });
  expect(source.notes[0]).toMatch(/^An ssh session to this machine comes from 198\.51\.100\.7: no rule against it/);
  const network = networkStep(
    {
      kind: 'network',
      holder: NETWORK,
      of: 1000,
      adds: ADDS,
      zoned: 0,
      maybeForged: false,
      hasSsh: true,
      spared: 'ssh',
    },
    context,
  );
  expect(network.commands).toEqual(["ss -tnp state established dst '[2001:db8:0:7::]/64'"]);
});

test.each([
  ['iptables', FOUR, 'ss -tnp state established dst 198.51.100.7'],
  ['ip6tables', SIX, "ss -tnp state established dst '[2001:db8:0:7::9]'"],
])('a source with unknown sessions: they are listed first, with %s too', (tool, holder, look) => {
  const { preconditions, commands, instead } = sourceStep(
    { kind: 'source', holder, of: 1000, zoned: 0, maybeForged: false, hasSsh: undefined, spared: undefined },
    context,
  );
  expect([commands[0], instead[0]]).toEqual([look, look]);
  expect(instead[2]?.split(' ')[0]).toBe(tool);
  expect(preconditions?.[0]).toContain('Go on only if no ssh session is among them');
});

test('a source without ssh sessions is shown, then blocked', () => {
  const known = sourceStep(
    { kind: 'source', holder: FOUR, of: 1000, zoned: 0, maybeForged: false, hasSsh: false, spared: undefined },
    context,
  );
  expect(known.preconditions).toEqual([
    'If you reach this machine through a VPN or tunnel, its other end must not be 198.51.100.7.',
    'Look at what it sends first. The other commands block it: all its packets are dropped.',
  ]);
  expect(known.commands.slice(0, 2)).toEqual([
    'conntrack -L -s 198.51.100.7 | head -n 20',
    'nft add table inet check_conntrack_source_c6336407',
  ]);
});

test('the warning that a source may be forged comes before the commands', () => {
  const forged = sourceStep(
    { kind: 'source', holder: FOUR, of: 1000, zoned: 0, maybeForged: true, hasSsh: false, spared: undefined },
    context,
  );
  expect(forged.preconditions?.[0]).toBe(
    'Most entries have no reply: the source may be forged. Do not block 198.51.100.7 if this machine needs it, as a resolver or gateway.',
  );
});

test('the notes mention removed entries only if a command removes them', () => {
  const network = { key: [(198 << 24) | (51 << 16) | (100 << 8)], ipv6: false, entries: 900 };
  const said = (major: number, minor: number) => {
    const where = { ...context, observation: observation({ release: ok({ major, minor }) }) };
    const { commands, notes } = networkStep(
      {
        kind: 'network',
        holder: network,
        of: 1000,
        adds: ADDS,
        zoned: 0,
        maybeForged: false,
        hasSsh: false,
        spared: undefined,
      },
      where,
    );
    return [commands.some((line) => line.startsWith('conntrack -D ')), notes[0]?.includes('its entries are removed')];
  };
  expect([said(2, 6), said(3, 10)]).toEqual([
    [false, false],
    [true, true],
  ]);
});

test.each([
  ['unknown', /^The addresses of this machine could not be read/],
  ['everything', /^Nearly all entries are from there: .* would cut off everything/],
  ['one_way', /^These connections are established and have no reply/],
  ['zones', /^7 of 1,000 entries are in a zone/],
] as const)('%s: nothing is changed', (spared, why) => {
  const step = sourceStep(
    { kind: 'source', holder: FOUR, of: 1000, zoned: 7, maybeForged: false, hasSsh: false, spared },
    context,
  );
  expect(step).toMatchObject({ commands: ['conntrack -L -s 198.51.100.7 | head -n 20'], undo: [], instead: [] });
  expect(step.notes[0]).toMatch(why);
});

test('a network that the machine is in is only shown', () => {
  const home = {
    kind: 'network',
    holder: NETWORK,
    of: 1000,
    adds: ADDS,
    zoned: 0,
    maybeForged: false,
    hasSsh: false,
  } as const;
  const step = networkStep({ ...home, spared: 'home' }, context);
  expect(step.commands).toEqual(['conntrack -L -f ipv6 -s 2001:db8:0:7::/64 | head -n 20']);
  expect(step.notes[0]).toMatch(/^This machine has an address in 2001:db8:0:7::\/64/);
});
