// One step of the advice, and the facts about the machine that every step needs.

import { atLeast } from '../../evaluate/kernel-version.ts';
import type { Machine } from '../../model/machine.ts';
import type { Observation } from '../../model/observation.ts';
import type { Table } from '../../model/table.ts';
import { type Action, commandsOf, remainder, undoOf } from '../../words/action.ts';
import { inNamespace } from '../../words/in-namespace.ts';
import type { FileLines } from '../../words/remedies.ts';

/** The machine and table that the commands are for. */
export interface Context extends Place {
  readonly observation: Observation;
  /** The table that the verdict is about. */
  readonly subject: Table;
}

/** The part of it that a step with rules needs. */
export interface Place {
  readonly observation: { readonly machine: Pick<Machine, 'release'> };
  readonly subject: Pick<Table, 'isOwn' | 'mount' | 'pids'>;
}

/** The commands of a step, and the commands that undo exactly those. */
export interface Typed {
  readonly commands: readonly string[];
  readonly undo: readonly string[];
  /** The same with iptables, if the commands use nft. */
  readonly instead: readonly string[];
  readonly undoInstead: readonly string[];
  /** How many of the commands, from the first on, only show something. */
  readonly looks: number;
  /** A sentence on changes that no undo restores, or that there are none; undefined if the undo restores everything. */
  readonly remains: string | undefined;
}

/** One step: its title, commands, effect and cost, and the lines of files that make it last. */
export interface Step extends Typed {
  readonly title: string;
  /** Conditions that have to hold before the commands are typed. */
  readonly preconditions?: readonly string[];
  readonly notes: readonly string[];
  /** True if the effect ends with the namespace, and not only with the machine. */
  readonly inNamespace: boolean;
  readonly files: readonly FileLines[];
}

/** `enter`: see commandsOf(). */
export function typedStep(enter: string, actions: readonly Action[], instead: readonly Action[] = []): Typed {
  const changing = actions.findIndex(({ kind }) => kind !== 'look');
  return {
    commands: commandsOf(actions, enter),
    looks: changing === -1 ? actions.length : changing,
    undo: undoOf(actions, enter),
    instead: commandsOf(instead, enter),
    undoInstead: undoOf(instead, enter),
    remains: remainder([...actions, ...instead]),
  };
}

/** The commands of nft(8) if the kernel supports them, with iptables(8) as an alternative. */
export function withEitherTool(
  context: Place,
  nft: readonly Action[],
  iptables: readonly Action[],
  [major, minor]: readonly [major: number, minor: number],
): Typed {
  const enter = inNamespace(context);
  return isSince(context.observation.machine, major, minor)
    ? typedStep(enter, nft, iptables)
    : typedStep(enter, iptables);
}

/** For a step that cannot be made permanent. */
export const PASSING: Pick<Step, 'inNamespace' | 'files'> = { inNamespace: false, files: [] };

/** Timeouts and rules belong to a namespace; a new one starts with the defaults. */
export function lasting({ subject }: Place, edit: FileLines): Pick<Step, 'inNamespace' | 'files'> {
  const { isOwn } = subject;
  return {
    inNamespace: !isOwn,
    files: [isOwn ? edit : { ...edit, where: 'the configuration of that namespace or container' }],
  };
}

/** The same for rules. */
export function lastingRules(context: Place): Pick<Step, 'inNamespace' | 'files'> {
  return lasting(context, { where: 'the rules loaded at boot', lines: [] });
}

export function isSince({ release }: Place['observation']['machine'], major: number, minor: number): boolean {
  return release.ok && atLeast(release.value, major, minor);
}

export function iptablesFamilies({ ipv4, ipv6 }: { readonly ipv4: boolean; readonly ipv6: boolean }) {
  const families: ('iptables' | 'ip6tables')[] = [];
  if (ipv4) families.push('iptables');
  if (ipv6) families.push('ip6tables');
  return families;
}
