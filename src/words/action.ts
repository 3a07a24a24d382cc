// The effect of a step on the machine, as data. Its commands and its undo are both derived from it, so that they agree.

import type { IptablesTool } from '../model/drop-rule.ts';
import type { FilterChain } from '../model/filter-chain.ts';
import { GENERATIONS, type Generation, hashsizeFile } from '../model/generation.ts';

export type Action =
  | NftTable
  | IptablesRule
  | Accept
  | {
      readonly kind: 'sysctl';
      /** The name with dots. */
      readonly name: string;
      readonly value: number;
      /** The value that was read; the undo sets it again. */
      readonly now: number;
    }
  | { readonly kind: 'buckets'; readonly generation: Generation; readonly buckets: number; readonly now: number }
  /** Removes the entries that match options of `conntrack -D`. They cannot be put back. */
  | { readonly kind: 'removal'; readonly options: string }
  /** Shows something and changes nothing. */
  | { readonly kind: 'look'; readonly line: string };

/** A table of the step's own, in the family inet: deleting it removes all of its rules and nothing else. */
export interface NftTable {
  readonly kind: 'nft table';
  readonly name: string;
  readonly parts: readonly NftPart[];
}

interface NftPart {
  readonly object: 'chain' | 'set' | 'rule';
  readonly words: string;
}

/** A rule at the top of a chain. A comment names its step, so that it is found again. */
export interface IptablesRule {
  readonly kind: 'iptables rule';
  readonly step: string;
  readonly tool: IptablesTool;
  readonly table: string;
  readonly chain: string;
  readonly rule: string;
}

/** Rules that accept a match, at the top of another program's chain. In nft a comment marks them for the undo. */
export interface Accept {
  readonly kind: 'accept';
  readonly step: string;
  readonly chain: FilterChain;
  /** In the syntax of the chain's tool. */
  readonly matches: readonly string[];
}

/** Kernels before 4.14 take names of at most 31 characters: `step` may have 15. */
export function nftTable(step: string, ...parts: readonly NftPart[]): NftTable {
  return { kind: 'nft table', name: ownName(step), parts };
}

/** A step's name with its address or numbers: each culprit has its own rules to undo. */
export function stepName(step: string, ...about: readonly number[]): string {
  const [first = 0] = about;
  const mixed = about.reduce((hash, word) => Math.imul(hash ^ word, 0x01000193), 0x811c9dc5);
  const mark = about.length === 1 ? first : mixed;
  return `${step}_${(mark >>> 0).toString(16).padStart(8, '0')}`;
}

/** Names what a step adds. */
function ownName(step: string): string {
  return `check_conntrack_${step}`;
}

export function nftChain(name: string, hook: string, priority: number): NftPart {
  return { object: 'chain', words: `${name} { type filter hook ${hook} priority ${priority}; }` };
}

export function nftSet(name: string, type: string): NftPart {
  return { object: 'set', words: `${name} { type ${type}; size 65535; flags dynamic; }` };
}

export function nftRule(chain: string, rule: string): NftPart {
  return { object: 'rule', words: `${chain} ${rule}` };
}

/** `enter` is the prefix that makes a command run in the table's namespace, empty for our own. */
export function commandsOf(actions: readonly Action[], enter: string): readonly string[] {
  return actions.flatMap((action) => actionLines(action).map((line) => enter + line));
}

/** Last change first. Actions without an undo add nothing. */
export function undoOf(actions: readonly Action[], enter: string): readonly string[] {
  return actions
    .slice()
    .reverse()
    .flatMap((action) => undone(action, enter).map((line) => enter + line));
}

/** Names the effect that the undo does not restore; undefined if it restores everything. */
export function remainder(actions: readonly Action[]): string | undefined {
  const kinds = actions.map(({ kind }) => kind);
  if (kinds.includes('removal')) return 'Removed entries cannot be restored.';
  return kinds.every((kind) => kind === 'look') && kinds.length > 0 ? 'Changes nothing.' : undefined;
}

function actionLines(action: Action): readonly string[] {
  switch (action.kind) {
    case 'nft table': {
      const { name, parts } = action;
      return [
        `nft add table inet ${name}`,
        ...parts.map(({ object, words }) => `nft ${quoted(`add ${object} inet ${name} ${words}`)}`),
      ];
    }
    case 'iptables rule':
      return [iptablesLine(action, '-I')];
    case 'accept':
      return acceptLines(action);
    case 'sysctl':
      return [`sysctl -w ${action.name}=${action.value}`];
    case 'buckets':
      return [bucketsLine(action.generation, action.buckets)];
    case 'removal':
      return [`conntrack -D ${action.options} >/dev/null`];
    case 'look':
      return [action.line];
  }
}

function undone(action: Action, enter: string): readonly string[] {
  switch (action.kind) {
    case 'nft table':
      return [`nft delete table inet ${action.name}`];
    case 'iptables rule':
      return [iptablesLine(action, '-D')];
    case 'accept':
      return acceptUndo(action, enter);
    case 'sysctl':
      return [`sysctl -w ${action.name}=${action.now}`];
    case 'buckets':
      return [bucketsLine(action.generation, action.now)];
    case 'removal':
    case 'look':
      return [];
  }
}

function acceptLines({ step, chain, matches }: Accept): readonly string[] {
  const { tool, family, table, chain: name } = chain;
  if (tool !== 'nft') return acceptRules(step, tool, chain, matches).map((rule) => iptablesLine(rule, '-I'));
  return matches.map(
    (match) => `nft 'insert rule ${family} ${table} ${name} ${match} accept comment "${ownName(step)}"'`,
  );
}

// nft(8) deletes a rule by its handle, which is known only once it is there.
function acceptUndo({ step, chain, matches }: Accept, enter: string): readonly string[] {
  const { tool, family, table, chain: name } = chain;
  if (tool !== 'nft')
    return acceptRules(step, tool, chain, matches)
      .map((rule) => iptablesLine(rule, '-D'))
      .reverse();
  const place = `${family} ${table} ${name}`;
  const marked = `s/.*"${ownName(step)}" # handle/delete rule ${place} handle/p`;
  return [`nft -a list chain ${place} | sed -n '${marked}' | ${enter}nft -f -`];
}

function acceptRules(step: string, tool: IptablesTool, { table, chain }: FilterChain, matches: readonly string[]) {
  return matches.map((match): IptablesRule => {
    return { kind: 'iptables rule', step, tool, table, chain, rule: `${match} -j ACCEPT` };
  });
}

function iptablesLine({ step, tool, table, chain, rule }: IptablesRule, option: '-I' | '-D'): string {
  const marked = rule.replace(/ -j /, ` -m comment --comment ${ownName(step)} -j `);
  return `${tool} -t ${table} ${option} ${chain} ${marked}`;
}

export function bucketsLine(generation: Generation, buckets: number): string {
  return `echo ${buckets} > ${hashsizeFile(generation)}`;
}

/** Quotes a word for a shell. */
function quoted(words: string): string {
  return /^[\w ./:@,=-]+$/.test(words) ? words : `'${words}'`;
}

/** Sets `nf_conntrack_NAME` or `ip_conntrack_NAME`. */
export function sysctlAction(generation: Generation, name: string, value: number, now: number): Action {
  return { kind: 'sysctl', name: GENERATIONS[generation].sysctlPrefix + name, value, now };
}
