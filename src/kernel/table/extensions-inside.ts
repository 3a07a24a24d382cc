// Settings that make entries larger in another network namespace: its switches and rules, which root can read inside
// it.

import { self } from '#system/self';
import type { Reading } from '../../model/fault.ts';
import { GENERATIONS } from '../../model/generation.ts';
import type { Observation } from '../../model/observation.ts';
import type { Table } from '../../model/table.ts';
import { readSettings } from '../namespaces/namespace-sysctls.ts';
import type { Root } from '../root.ts';
import { readRuleBlocks } from '../rules/rules.ts';

const EXTENSION_SWITCHES = ['acct', 'timestamp', 'events'] as const;

/**
 * Returns the observation with the extension settings of one table; unchanged if the table is ours or its namespace may
 * not be entered.
 */
export function lookInside(root: Root, observation: Observation, { key }: Table): Observation {
  const [own, ...others] = observation.tables;
  if (root.view !== 'own' || self.effectiveUser() !== 0) return observation;
  const tables = others.map((table) => (table.key === key ? withSettings(root, table) : table));
  return { ...observation, tables: [own, ...tables] };
}

function withSettings(root: Root, table: Table): Table {
  const readings = readSettings(root, 'nf_conntrack', table, (name) =>
    EXTENSION_SWITCHES.some((other) => other === name),
  );
  if (!readings.ok) return table;
  const setting = (name: (typeof EXTENSION_SWITCHES)[number]): Reading<number> => {
    const source = `${GENERATIONS.nf_conntrack.directory}/nf_conntrack_${name}`;
    return readings.value.get(name) ?? { ok: false, fault: { kind: 'missing', source } };
  };
  const switches = { acct: setting('acct'), timestamp: setting('timestamp'), events: setting('events') };
  return { ...table, extensions: { ...table.extensions, ...switches, rules: readRuleBlocks(root, table) } };
}
