// One step of what to do, and what every step that is typed on a machine needs to know of it.

import { atLeast } from '../evaluate/kernel-version.ts';
import type { Machine } from '../observation/machine.ts';
import type { Observation } from '../observation/observation.ts';
import type { Table } from '../observation/table.ts';
import type { FileLines } from './remedies.ts';

/** Where the advice is to be followed. */
export interface Context extends Place {
  readonly observation: Observation;
  /** Whose entries are listed. */
  readonly subject: Table;
}

/** What of it a step with rules wants to know. */
export interface Place {
  readonly observation: { readonly machine: Pick<Machine, 'release'> };
  readonly subject: Pick<Table, 'isOwn' | 'mount' | 'pids'>;
}

/** One step: what it is, what to type, what it does and costs, and which lines make it last. */
export interface Step {
  readonly title: string;
  readonly commands: readonly string[];
  /** The same with iptables, where the commands are of nft. */
  readonly instead: readonly string[];
  readonly notes: readonly string[];
  /** What ends with the namespace, and not only with the machine. */
  readonly inNamespace: boolean;
  readonly files: readonly FileLines[];
}

// A table of its own is removed as a whole.
export const NFT_TABLE = 'check_conntrack';

// Each namespace has timeouts and rules of its own, and a new one the defaults.
export function lasting(
  { subject }: Place,
  where: string,
  lines: readonly string[],
): Pick<Step, 'inNamespace' | 'files'> {
  const place = subject.isOwn ? where : 'what makes that namespace or container';
  return { inNamespace: !subject.isOwn, files: [{ where: place, lines }] };
}

/** The same for rules. */
export function lastingRules(context: Place): Pick<Step, 'inNamespace' | 'files'> {
  return lasting(context, 'the rules that are loaded at boot', []);
}

// All rules of these steps are in one table.
export function undone(context: Place): readonly string[] {
  return isModern(context.observation.machine)
    ? [`To undo it all: ${inNamespace(context)}nft delete table inet ${NFT_TABLE}`]
    : ['To undo it: the same with -D in place of -I.'];
}

/** nftables is there from 3.13 on. */
function isModern(machine: Place['observation']['machine']): boolean {
  return isSince(machine, 3, 13);
}

/** What nft(8) can do from that kernel on, and iptables(8) before as well. */
export function isSince({ release }: Place['observation']['machine'], major: number, minor: number): boolean {
  return release.ok && atLeast(release.value, major, minor);
}

export function eitherTool(nft: readonly string[], iptables: readonly string[], isNft: boolean) {
  return isNft ? { commands: nft, instead: iptables } : { commands: iptables, instead: [] };
}

/** What a shell takes as it is. */
const TYPED = /^[\w./:@%+-]+$/;

/** What makes a command run where the table is. */
export function inNamespace({ subject }: Pick<Place, 'subject'>): string {
  if (subject.isOwn) return '';
  const [, name] = /^(?:\/var)?\/run\/netns\/(\w[\w.-]*)$/.exec(subject.mount?.path ?? '') ?? [];
  if (name !== undefined) return `ip netns exec ${name} `;
  if (subject.pids[0] !== undefined) return `nsenter -t ${subject.pids[0]} -n `;
  // Where there is nothing to type nsenter(1) has to fail: without it the command would run where we are.
  const path = subject.mount?.path ?? '';
  return `nsenter --net=${TYPED.test(path) ? path : 'WHERE_IT_IS_MOUNTED'} `;
}
