// The cloud's own limit of tracked connections: interfaces read, their figures, and when it is a lead.

import { mkdirSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { enaInterfaces, parseAllowance, readAllowances } from '../../../../../src/report/diagnosis/leads/allowance.ts';
import { type Given, kindsFrom, leadsFrom } from '../../../support/leads.ts';
import { type Files, rootOf } from '../../../support/root.ts';
import { type Tools, withTools } from '../../../support/tools.ts';

describe('an ena interface', () => {
  const driver = (name: string) => (path: string) => symlinkSync(`../../../../bus/pci/drivers/${name}`, path);
  const interfaces = (...names: readonly string[]): Files =>
    Object.fromEntries(names.map((name) => [`sys/class/net/${name}/device/driver`, driver('ena')]));
  const SAID = 'NIC statistics:\n     conntrack_allowance_exceeded: 12\n     conntrack_allowance_available: 5\n';
  const asked = (tools: Tools, files = interfaces('ens5', 'ens6'), view: 'own' | 'host' = 'own') => {
    const lines = withTools(tools);
    const root = rootOf(files);
    return { allowances: readAllowances({ ...root, view }), lines, attempts: root.attempts };
  };

  test.each(['/usr/sbin/ethtool', '/sbin/ethtool'])('is read with %s', (place) => {
    const { allowances, lines, attempts } = asked({ [place]: SAID });
    expect(allowances).toEqual([
      { interface: 'ens5', exceeded: 12, available: 5 },
      { interface: 'ens6', exceeded: 12, available: 5 },
    ]);
    expect(lines[lines.length - 1]).toBe(`${place} -S ens6`);
    expect(attempts.map(({ source }) => source)).toEqual(['ethtool -S ens5', 'ethtool -S ens6']);
  });

  test('is left out without figures', () => {
    const { allowances, attempts } = asked({ '/sbin/ethtool': (_, name) => (name === 'ens5' ? 'x\n' : SAID) });
    expect(allowances.map(({ interface: name }) => name)).toEqual(['ens6']);
    expect(attempts).toMatchObject([{ fault: { kind: 'malformed', source: 'ethtool -S ens5' } }, {}]);
  });

  test('is left out if the tool fails', () => {
    const { allowances, attempts } = asked({ '/sbin/ethtool': { stdout: SAID, status: 94 } }, interfaces('ens5'));
    expect(allowances).toEqual([]);
    expect(attempts).toMatchObject([{ fault: { kind: 'tool-failed', source: 'ethtool -S ens5' } }]);
  });

  test("is not read for another host's tree", () => {
    expect(asked({ '/sbin/ethtool': SAID }, interfaces('ens5'), 'host')).toMatchObject({ allowances: [], lines: [] });
  });

  test('has a name that cannot be an option or a path', () => {
    const found = (name: string) => enaInterfaces(rootOf(interfaces(name)));
    for (const name of ['ens5', 'a', 'a.b:c@d-e', 'x'.repeat(15)]) expect(found(name)).toEqual([name]);
    for (const name of ['-S', '.a', 'a b', 'x'.repeat(16)]) expect(found(name)).toEqual([]);
  });

  test('is one of at most sixteen, sorted by name', () => {
    const names = Array.from({ length: 18 }, (_, at) => `ens${at + 10}`);
    expect(enaInterfaces(rootOf(interfaces(...names.slice().reverse())))).toEqual(names.slice(0, 16));
  });

  test('is recognised by its driver', () => {
    const files = { 'sys/class/net/a/device/driver': driver('ena2'), 'sys/class/net/b/device/driver': driver('xena') };
    expect(enaInterfaces(rootOf(files))).toEqual([]);
    expect(enaInterfaces(rootOf({}))).toEqual([]);
    expect(enaInterfaces(rootOf({ 'sys/class/net/a/device/driver': '' }))).toEqual([]);
  });

  test.each([
    ['x conntrack_allowance_exceeded: 1', false],
    ['conntrack_allowance_exceeded: 1', true],
    ['conntrack_allowance_exceeded: 1  ', true],
    ['conntrack_allowance_exceeded: 1 x', false],
    ['conntrack_allowance_exceeded: x', false],
    ['conntrack_allowance_exceeded: 123456789012345678901', false],
  ])('figures: %j', (line, isOne) => expect(parseAllowance(`x\n${line}\ny`).ok).toBe(isOne));

  test('is malformed without figures', () => {
    expect(parseAllowance('x')).toEqual({ ok: false, kind: 'malformed' });
  });
});

describe('the allowance of an ena interface', () => {
  const HEAD =
    'NIC statistics:\n     tx_timeout: 0\n     bw_in_allowance_exceeded: 3\n     pps_allowance_exceeded: 946\n';
  const EXCEEDED = '     conntrack_allowance_exceeded: 12\n';

  test('may come without the available figure', () => {
    const text = `${HEAD}${EXCEEDED}     conntrack_allowance_available: 136812\n     queue_0_tx_cnt: 5170\n`;
    expect(parseAllowance(text)).toEqual({ ok: true, value: { exceeded: 12, available: 136_812 } });
    expect(parseAllowance(HEAD + EXCEEDED)).toEqual({ ok: true, value: { exceeded: 12, available: undefined } });
  });

  test('is malformed for drivers without it', () => {
    expect(parseAllowance(HEAD).ok).toBe(false);
    expect(parseAllowance('NIC statistics:\n     peer_ifindex: 5\n     rx_queue_0_xdp_packets: 0\n').ok).toBe(false);
  });

  test('is read from ena interfaces only, unless the name looks like an option', () => {
    const drivers = { ens5: 'ena', eth0: 'virtio_net', ens6: 'ena', '-S': 'ena', xena: 'hyena' };
    const links = Object.entries(drivers).map(([name, driver]) => [
      `sys/class/net/${name}/device/driver`,
      (path: string) => symlinkSync(`../../../../bus/pci/drivers/${driver}`, path),
    ]);
    // Loopback, bridges and tunnels have no device.
    const files: Files = { ...Object.fromEntries(links), 'sys/class/net/lo': (path) => mkdirSync(path) };
    expect(enaInterfaces(rootOf(files))).toEqual(['ens5', 'ens6']);
    expect(enaInterfaces(rootOf({}))).toEqual([]);
  });
});

describe('a lead', () => {
  const allowance = (...exceeded: readonly [number, number]): Given => ({
    elsewhere: [
      { allowances: [{ interface: 'ens5', exceeded: exceeded[0], available: 0 }] },
      { allowances: [{ interface: 'ens5', exceeded: exceeded[1], available: 0 }] },
    ],
  });
  test.each<[string, Given, readonly string[]]>([
    ['packets dropped before, none now', allowance(900, 900), []],
    ['packets dropped now', allowance(900, 912), ['warning allowance']],
    ['a counter that was reset', allowance(900, 1), []],
    ['a new interface', { elsewhere: [{}, { allowances: [{ interface: 'ens6', exceeded: 9, available: 1 }] }] }, []],
  ])('%s', (_, given, expected) => expect(kindsFrom(given)).toEqual(expected));

  test('covers one interface or zone', () => {
    const [ens5, ens6] = [
      { interface: 'ens5', exceeded: 9, available: 0 },
      { interface: 'ens6', exceeded: 0, available: 0 },
    ];
    const zones = [
      { zone: 5, limit: 3, entries: 3 },
      { zone: 6, limit: 9, entries: 3 },
    ];
    const elsewhere = [{ allowances: [ens5, ens6] }, { allowances: [ens5, { ...ens6, exceeded: 8 }], zones }] as const;
    expect(leadsFrom({ elsewhere })).toMatchObject([
      { kind: 'allowance', allowance: { interface: 'ens6' }, perSecond: 8 },
      { kind: 'zone', zone: { zone: 5 } },
    ]);
  });

  test('has a rate over the time that passed', () => {
    expect(leadsFrom({ ...allowance(0, 12), seconds: 4 })).toMatchObject([{ perSecond: 3 }]);
  });
});
