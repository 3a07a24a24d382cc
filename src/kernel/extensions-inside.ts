// What makes entries larger in another network namespace: its own switches and rules, as root sees them inside of it.

import { self } from '#system/self';
import type { Reading } from '../observation/fault.ts';
import { GENERATIONS } from '../observation/generation.ts';
import type { Observation } from '../observation/observation.ts';
import type { Table } from '../observation/table.ts';
import { runTool } from './child.ts';
import { readRuleBlocks } from './extension-rules.ts';
import { exists } from './file.ts';
import { enterLine } from './inside.ts';
import { parseWholeNumber } from './number.ts';
import type { Root } from './root.ts';

const SWITCH = `${GENERATIONS.nf_conntrack.directory}/nf_conntrack_`;
const FILES = [
  ...['acct', 'timestamp', 'events'].map((name) => SWITCH + name),
  '/proc/net/ip_tables_names',
  '/proc/net/ip6_tables_names',
];
const PRINTERS = ['/bin/grep', '/usr/bin/grep'] as const;
const LONGEST = 1000;

/** The observation with what is known of one table's extensions; as it is where we may not enter, or where it is ours. */
export function lookInside(root: Root, observation: Observation, { key }: Table): Observation {
  const [own, ...others] = observation.tables;
  if (root.view !== 'own' || self.effectiveUser() !== 0) return observation;
  const known = others.map((table) => (table.key === key ? withSettings(root, table) : table));
  return { ...observation, tables: [own, ...known] };
}

function withSettings(root: Root, table: Table): Table {
  const place = table.pids[0] === undefined ? table.mount?.path : `/proc/${table.pids[0]}/ns/net`;
  const enter = place === undefined ? undefined : enterLine(place);
  const printer = PRINTERS.find((file) => exists(file));
  if (enter === undefined || printer === undefined) return table;
  const source = `nsenter --net=${place}`;
  const printed = runTool(root, source, [[...enter, printer, '-sH', '', ...FILES]], asPrinted, LONGEST);
  if (!printed.ok) return table;
  const text = printed.value;
  const setting = (name: string): Reading<number> => settingOf(text, SWITCH + name);
  const hasTables = (file: string) => text.includes(`${file}:`);
  const rules = readRuleBlocks(root, hasTables, enter);
  const switches = { acct: setting('acct'), timestamp: setting('timestamp'), events: setting('events') };
  return { ...table, extensions: { ...table.extensions, ...switches, rules } };
}

// It fails for a file that is not there, and prints the others.
function asPrinted({ stdout }: { readonly stdout: string }): Reading<string> {
  if (stdout === '') return { ok: false, fault: { kind: 'io', source: SWITCH, detail: 'no output' } };
  return { ok: true, value: stdout, source: SWITCH };
}

/** Of lines of grep(1), each with the file's name before it. */
function settingOf(text: string, file: string): Reading<number> {
  const line = text.split('\n').find((one) => one.startsWith(`${file}:`));
  if (line === undefined) return { ok: false, fault: { kind: 'missing', source: file } };
  const parsed = parseWholeNumber(line.slice(file.length + 1));
  return parsed.ok
    ? { ok: true, value: parsed.value, source: file }
    : { ok: false, fault: { kind: parsed.kind, source: file } };
}
