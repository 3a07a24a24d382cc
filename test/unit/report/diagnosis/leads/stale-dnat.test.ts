// UDP entries with a translated address that no rule names any more.

import { describe, expect, test } from 'vitest';
import { readStaleTargets } from '../../../../../src/report/diagnosis/leads/stale-dnat.ts';
import { type Flow, holdings, times } from '../../../support/entries.ts';
import { leadsFrom } from '../../../support/leads.ts';
import { table } from '../../../support/observation.ts';
import { rootOf } from '../../../support/root.ts';
import { withTools } from '../../../support/tools.ts';

const FLOW = { protocol: 17, destination: '10.96.0.10', port: 53, answered: '10.0.0.7' } as const;
const ENTRIES = times(12, (at) => ({ ...FLOW, sourcePort: 20_000 + at, flag: 'unreplied' as const }));
const SILENT = `${'10.0.0.7'.padEnd(17)}0x1         0x0         00:00:00:00:00:00     *        eth0\n`;

interface Scene {
  readonly flows?: readonly Flow[];
  readonly rules?: string;
  readonly arp?: string;
  readonly helpers?: string;
  readonly own?: string;
  readonly balancers?: string;
  readonly zoned?: number;
}

/** Returns each stale target's number of entries, and true if it is unreachable. */
function staleIn(scene: Scene) {
  const { flows = ENTRIES, rules = '', arp = '', helpers = '', own = '10.0.0.1', balancers = '', zoned = 0 } = scene;
  withTools({ '/usr/sbin/nft': `table ip nat {\n${rules}\n}\n` });
  const root = rootOf({
    'proc/modules': `nf_conntrack 1 1 x, Live 0x0\nnf_tables 1 1 x, Live 0x0\n${helpers}`,
    'proc/net/arp': `IP address       HW type     Flags       HW address            Mask     Device\n${arp}`,
    'proc/net/fib_trie': `  |-- ${own}\n     /32 host LOCAL\n`,
    'proc/net/ip_vs': balancers,
  });
  const found = readStaleTargets({ ...root, view: 'own' }, table(), { ...holdings(flows), zoned });
  return found.map(({ entries, isUnreachable }) => [entries, isUnreachable]);
}

describe('an endpoint that moved', () => {
  test.each<[string, Scene, readonly unknown[]]>([
    ['without a reply', {}, [[12, false]]],
    ['that does not answer ARP', { arp: SILENT }, [[12, true]]],
    ['that has replied before, and does not answer ARP', { arp: SILENT, flows: times(3, FLOW) }, [[3, true]]],
    ['that still replies', { flows: [...ENTRIES, FLOW] }, []],
    ['that a rule names', { rules: 'dnat to 10.0.0.7:53' }, []],
    ['next to one that a rule names', { rules: 'dnat to 10.0.0.77:53 comment "210.0.0.7"' }, [[12, false]]],
    ['that a range may contain', { rules: 'dnat to 10.0.0.1-10.0.0.9' }, []],
    ['that a map may contain', { rules: 'dnat ip to ip daddr . udp dport map @endpoints', arp: SILENT }, []],
    ['in a table with zones', { zoned: 1, arp: SILENT }, []],
    ['that a helper may have translated to', { helpers: 'nf_nat_sip 1 1 x, Live 0x0\n' }, []],
    ['that is our own', { own: '10.0.0.7' }, []],
    ['with IPVS loaded', { balancers: 'IP Virtual Server version 1.2.1\n' }, []],
    ['over TCP', { flows: times(9, { ...FLOW, protocol: 6 }) }, []],
  ])('%s', (_, scene, expected) => expect(staleIn(scene)).toEqual(expected));
});

test('is a warning if unreachable, a hint otherwise', () => {
  const target = { destination: 0x0a60000a, port: 53, target: 0x0a000007, targetPort: 5353, entries: 12, replied: 0 };
  const [proved, likely] = leadsFrom({
    stale: [
      { ...target, table: table(), isUnreachable: false },
      { ...target, table: table(), isUnreachable: true },
    ],
  });
  expect([proved, likely]).toMatchObject([
    { kind: 'stale_dnat', state: 'warning' },
    { kind: 'stale_dnat', state: 'ok' },
  ]);
});
