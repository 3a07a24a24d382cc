// Tools that tell of limits elsewhere: which of them is asked, and when none is.

import { symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { enaInterfaces, parseAllowance, readAllowances } from '../../../src/report/diagnosis/leads/allowances.ts';
import { parseZoneLimits, readZoneLimits } from '../../../src/report/diagnosis/leads/zone-limits.ts';
import { type Files, rootOf } from '../support/root.ts';
import { type Tools, withTools } from '../support/tools.ts';

describe('Open vSwitch', () => {
  const RUNNING = { 'run/openvswitch/ovs-vswitchd.pid': '1\n' };
  const SAID = 'default limit=0\nzone=65535,limit=4294967295,count=12\n';
  const asked = (tools: Tools, files: Files = RUNNING, view: 'own' | 'host' = 'own') => {
    const lines = withTools(tools);
    const root = rootOf(files);
    return { zones: readZoneLimits({ ...root, view }), lines, attempts: root.attempts };
  };
  const ZONES = [{ zone: 65_535, limit: 4_294_967_295, entries: 12 }];

  test.each(['/usr/bin/ovs-appctl', '/bin/ovs-appctl', '/usr/sbin/ovs-appctl'])('%s', (place) => {
    const { zones, lines, attempts } = asked({ [place]: SAID });
    expect(zones).toEqual(ZONES);
    expect(lines[lines.length - 1]).toBe(`${place} --timeout=2 dpctl/ct-get-limits`);
    expect(attempts).toEqual([{ source: 'ovs-appctl dpctl/ct-get-limits', bytes: SAID.length, milliseconds: 0 }]);
  });

  test('runs where it has a socket, or the file with its number', () => {
    const tools = { '/bin/ovs-appctl': SAID };
    expect(asked(tools, { 'run/openvswitch/db.sock': '' }).zones).toEqual(ZONES);
    expect(asked(tools, { 'run/openvswitch/x': '' }).lines).toEqual([]);
  });

  test("is not asked of another's tree", () => {
    expect(asked({ '/bin/ovs-appctl': SAID }, RUNNING, 'host')).toMatchObject({ zones: [], lines: [] });
  });

  test('fails', () => {
    const { zones, attempts } = asked({ '/bin/ovs-appctl': { stdout: SAID, status: 2 } });
    expect(zones).toEqual([]);
    const source = 'ovs-appctl dpctl/ct-get-limits';
    expect(attempts).toMatchObject([{ fault: { kind: 'tool-failed', source, detail: 'exit status 2' } }]);
  });

  test.each([
    'xzone=5,limit=3,count=2',
    'zone=5,limit=3,count=2x',
    'zone=123456,limit=3,count=2',
    'zone=x,limit=3,count=2',
    'zone=5,limit=x,count=2',
    'zone=5,limit=3,count=x',
  ])('no zone: %s', (line) => expect(parseZoneLimits(`${line}\n`)).toEqual([]));
});

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

  test.each(['/usr/sbin/ethtool', '/sbin/ethtool'])('is asked for by %s', (place) => {
    const { allowances, lines, attempts } = asked({ [place]: SAID });
    expect(allowances).toEqual([
      { interface: 'ens5', exceeded: 12, available: 5 },
      { interface: 'ens6', exceeded: 12, available: 5 },
    ]);
    expect(lines[lines.length - 1]).toBe(`${place} -S ens6`);
    expect(attempts.map(({ source }) => source)).toEqual(['ethtool -S ens5', 'ethtool -S ens6']);
  });

  test('that tells nothing is left out', () => {
    const { allowances, attempts } = asked({ '/sbin/ethtool': (_, name) => (name === 'ens5' ? 'x\n' : SAID) });
    expect(allowances.map(({ interface: name }) => name)).toEqual(['ens6']);
    expect(attempts).toMatchObject([{ fault: { kind: 'malformed', source: 'ethtool -S ens5' } }, {}]);
  });

  test('of which the tool fails is left out', () => {
    const { allowances, attempts } = asked({ '/sbin/ethtool': { stdout: SAID, status: 94 } }, interfaces('ens5'));
    expect(allowances).toEqual([]);
    expect(attempts).toMatchObject([{ fault: { kind: 'tool-failed', source: 'ethtool -S ens5' } }]);
  });

  test("of another's tree is not asked", () => {
    expect(asked({ '/sbin/ethtool': SAID }, interfaces('ens5'), 'host')).toMatchObject({ allowances: [], lines: [] });
  });

  test('is called what is no option, and names nothing else', () => {
    const found = (name: string) => enaInterfaces(rootOf(interfaces(name)));
    for (const name of ['ens5', 'a', 'a.b:c@d-e', 'x'.repeat(15)]) expect(found(name)).toEqual([name]);
    for (const name of ['-S', '.a', 'a b', 'x'.repeat(16)]) expect(found(name)).toEqual([]);
  });

  test('up to sixteen of them, by name', () => {
    const names = Array.from({ length: 18 }, (_, at) => `ens${at + 10}`);
    expect(enaInterfaces(rootOf(interfaces(...names.slice().reverse())))).toEqual(names.slice(0, 16));
  });

  test('is one with that driver', () => {
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

  test('without figures is broken', () => {
    expect(parseAllowance('x')).toEqual({ ok: false, kind: 'malformed' });
  });
});
