// Rules that refuse packets are named, whatever the state of the table.

import { expect, test } from 'vitest';
import type { RefusingRule } from '../../../../src/model/refusing-rule.ts';
import { observation, table } from '../../support/observation.ts';
import { adviceOf, type Incident, kinds } from '../../support/reports.ts';

const OURS: RefusingRule = {
  tool: 'nft',
  family: 'inet',
  table: 'check_conntrack_limit_41c5023d',
  chain: '',
  isOurs: true,
  packets: 1204,
};
const THEIRS: RefusingRule = {
  tool: 'iptables',
  family: '',
  table: 'filter',
  chain: 'INPUT',
  isOurs: false,
  packets: 7,
};
const [CALM, FULL]: readonly Incident[] = [{ first: { entries: 30 } }, { first: { entries: 1000 } }];

test.each<[string, RefusingRule, boolean, boolean]>([
  ['our rule', OURS, true, true],
  ['our rule without a counter', { ...OURS, packets: undefined }, true, true],
  ['our rule without a match yet', { ...OURS, packets: 0 }, true, true],
  ["another program's rule", THEIRS, true, true],
  ["another program's rule without a match", { ...THEIRS, packets: 0 }, false, false],
  ["another program's rule without a counter", { ...THEIRS, packets: undefined }, false, true],
])('%s', (_, rule, whenCalm, whenFull) => {
  const names = (incident: Incident | undefined) =>
    kinds(adviceOf({ ...incident, refusing: [rule] })).includes('in_force');
  expect([names(CALM), names(FULL)]).toEqual([whenCalm, whenFull]);
});

test('the rules are shown, and nothing is changed', () => {
  const [advice] = adviceOf({ ...CALM, refusing: [OURS, THEIRS, { ...THEIRS, table: 'mangle', chain: '' }] });
  if (advice === undefined) throw new Error('no advice');
  const step = advice.stepIn({ observation: observation({}), subject: table() });
  expect(step).toMatchObject({
    title:
      'Rules refuse connections here: inet check_conntrack_limit_41c5023d (1,204 packets), iptables filter INPUT (7 packets) and iptables mangle (7 packets).',
    commands: [
      'nft list table inet check_conntrack_limit_41c5023d',
      'iptables -t filter -nvL INPUT',
      'iptables -t mangle -nvL',
    ],
    undo: [],
  });
  expect(step.notes).toContain('To remove them: nft delete table inet check_conntrack_limit_41c5023d');
});
