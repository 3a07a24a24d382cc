// Reads what the advice needs besides the diagnosis: addresses, and what a step might cut off.

import { self } from '#system/self';
import { exists } from '../../kernel/file.ts';
import { readTunables } from '../../kernel/namespaces/namespace-sysctls.ts';
import { readOwnAddresses } from '../../kernel/namespaces/own-addresses.ts';
import { readSshAccess } from '../../kernel/namespaces/ssh-sessions.ts';
import type { Root } from '../../kernel/root.ts';
import { hasTimeoutPolicies, readEntryUses, readFilterChains, readRefusingRules } from '../../kernel/rules/rules.ts';
import type { Observation } from '../../model/observation.ts';
import type { Table } from '../../model/table.ts';
import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { Case, TimerOrigin } from './case.ts';

/** Returns the sysctls of the table that the verdict is about; those of the listed table have been read. */
export function settingsOf(
  root: Root,
  { machine }: Observation,
  { worst, trouble }: Diagnosis,
  { subject, settings }: { readonly subject: Table; readonly settings: ReadonlyMap<string, number> },
): ReadonlyMap<string, number> {
  const { table } = worst.result;
  const isNats = trouble === 'clashing' || trouble === 'nat_exhausted';
  return table.key === subject.key || !isNats ? settings : readTunables(root, machine.generation, table);
}

export function readAddresses(
  root: Root,
  { tables: [first] }: Observation,
  subject: Table,
): Pick<Case, 'own' | 'host'> {
  const own = readOwnAddresses(root, subject);
  return { own, host: subject.key === first.key ? own : readOwnAddresses(root, first) };
}

type CutOff = Pick<Case, 'ssh' | 'chains' | 'uses' | 'refusing' | 'timers'>;

const UNREAD: CutOff = {
  ssh: {
    listening: new Set([22]),
    ports: new Set([22]),
    clients: new Set(),
    isComplete: false,
    established: undefined,
  },
  chains: undefined,
  refusing: undefined,
  timers: 'unknown',
};

/** Reads what a step might cut off: ssh sessions, and packets that are not tracked. */
export function readCutOff(
  root: Root,
  { tables: [own] }: Observation,
  subject: Table,
  { trouble, worst }: Diagnosis,
): CutOff {
  if (worst.result.table.key !== subject.key) return UNREAD;
  const refusing = readRefusingRules(root, subject);
  if (trouble === 'none') return { ...UNREAD, refusing };
  const namespaces = subject.key === own.key ? [own] : [own, subject];
  const uses = readEntryUses(root, subject);
  return {
    ssh: readSshAccess(root, namespaces, self.environment['SSH_CONNECTION']),
    chains: uses === undefined ? undefined : readFilterChains(root, subject),
    uses: uses ?? [],
    refusing,
    timers: timerOrigin(root, subject),
  };
}

/** conntrackd's control socket, and where packages keep its configuration. */
const CONNTRACKD = ['/run/conntrackd.ctl', '/var/run/conntrackd.ctl', '/etc/conntrackd/conntrackd.conf'];

function timerOrigin(root: Root, subject: Table): TimerOrigin {
  const hasPolicies = hasTimeoutPolicies(root, subject);
  if (hasPolicies === undefined) return 'unknown';
  if (hasPolicies) return 'policies';
  return CONNTRACKD.some((path) => exists(root.locate(path))) ? 'conntrackd' : 'sysctls';
}
