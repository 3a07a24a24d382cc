// Limits of Open vSwitch's conntrack zones: when they are read, their format, and when a zone is a lead.

import { describe, expect, test } from 'vitest';
import { parseZoneLimits, readZoneLimits } from '../../../../../src/report/diagnosis/leads/zone.ts';
import { type Given, kindsFrom } from '../../../support/leads.ts';
import { type Files, rootOf } from '../../../support/root.ts';
import { type Tools, withTools } from '../../../support/tools.ts';

const RUNNING = { 'run/openvswitch/ovs-vswitchd.pid': '1\n' };

describe('Open vSwitch', () => {
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

  test('is read if its socket or its pid file exists', () => {
    const tools = { '/bin/ovs-appctl': SAID };
    expect(asked(tools, { 'run/openvswitch/db.sock': '' }).zones).toEqual(ZONES);
    expect(asked(tools, { 'run/openvswitch/x': '' }).lines).toEqual([]);
  });

  test("is not read for another host's tree", () => {
    expect(asked({ '/bin/ovs-appctl': SAID }, RUNNING, 'host')).toMatchObject({ zones: [], lines: [] });
  });

  test('gives no zones if the tool fails', () => {
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
  ])('does not accept %s', (line) => expect(parseZoneLimits(`${line}\n`)).toEqual([]));
});

describe('zones of Open vSwitch', () => {
  test('are parsed as ovs-appctl 3.1.0 prints them', () => {
    expect(parseZoneLimits('default limit=0\nzone=5,limit=3,count=3\nzone=65535,limit=4294967295,count=0\n')).toEqual([
      { zone: 5, limit: 3, entries: 3 },
      { zone: 65535, limit: 4_294_967_295, entries: 0 },
    ]);
    expect(parseZoneLimits('default limit=0\n')).toEqual([]);
    expect(parseZoneLimits('')).toEqual([]);
  });

  test('are not read in a captured tree', () => {
    const root = rootOf(RUNNING);
    expect(readZoneLimits(root)).toEqual([]);
    expect(root.attempts).toEqual([]);
  });
});

describe('a lead', () => {
  const zone = (limit: number, entries: number): Given => ({
    elsewhere: [{}, { zones: [{ zone: 5, limit, entries }] }],
  });
  test.each<[string, Given, readonly string[]]>([
    ['a zone with room', zone(3, 2), []],
    ['a zone at its limit', zone(3, 3), ['warning zone']],
    ['a zone without a limit', zone(0, 3), []],
  ])('%s', (_, given, expected) => expect(kindsFrom(given)).toEqual(expected));
});
