// Facts about the rules of a network namespace: rules that make entries larger, rules that drop invalid packets, port
// ranges for NAT, timeouts that rules set, and chains that drop untracked packets. All are parsed from the same lists.

import type { DropRule } from '../../model/drop-rule.ts';
import type { EntryUse } from '../../model/entry-use.ts';
import type { Reading } from '../../model/fault.ts';
import type { FilterChain } from '../../model/filter-chain.ts';
import type { RefusingRule } from '../../model/refusing-rule.ts';
import type { Namespace, RuleBlocks } from '../../model/table.ts';
import { loadedModules, moduleState } from '../modules.ts';
import type { Root } from '../root.ts';
import { hasForeignRules, parseNftRules, parseSavedRules } from './drop-rules.ts';
import { parseEntryUses } from './entry-uses.ts';
import { parseRuleset, parseSaved } from './extension-rules.ts';
import { hasIptablesTables, parseNftChains, parseSavedChains } from './filter-chains.ts';
import { hasForeignNat, type NatRange, parseNatRanges } from './nat-ranges.ts';
import { hasTimeoutPolicy, parseNftRefusing, parseSavedRefusing } from './refusing-rules.ts';
import { NFT_LIST, type RuleList, type RuleLists, ruleLists } from './rule-lists.ts';
import { parseTimeoutPolicies, type TimeoutPolicy } from './timeout-policies.ts';

const NO_BLOCKS = { ok: true, value: 'none', source: NFT_LIST } as const;
// These track connections without a rule that the lists show.
const SWITCHES = ['openvswitch', 'act_ct'] as const;

/** Returns which entries have an extension block because of rules. */
export function readRuleBlocks(root: Root, namespace: Namespace): Reading<RuleBlocks> {
  const lists = ruleLists(root, namespace);
  if ('kind' in lists) return { ok: false, fault: lists };
  const loaded = loadedModules(root);
  const hasSwitch = loaded.ok && SWITCHES.some((name) => loaded.value.has(name));
  return [
    blocksOf(lists.nft(), parseRuleset),
    ...lists.legacy().map(({ list }) => blocksOf(list, parseSaved)),
    hasSwitch ? { ...NO_BLOCKS, value: 'some' as const } : NO_BLOCKS,
  ].reduce(surest);
}

function blocksOf(list: RuleList, parse: (text: string) => RuleBlocks): Reading<RuleBlocks> {
  if (list === 'none') return NO_BLOCKS;
  return list.ok ? { ...list, value: parse(list.value) } : list;
}

// Prefers a block on every entry, then an unreadable list, then blocks on some entries.
function surest(first: Reading<RuleBlocks>, second: Reading<RuleBlocks>): Reading<RuleBlocks> {
  const rank = (reading: Reading<RuleBlocks>) => (reading.ok ? { none: 0, some: 1, all: 3 }[reading.value] : 2);
  return rank(second) > rank(first) ? second : first;
}

/** Returns the rules that drop invalid packets; undefined if no list of rules can be read. */
export function readDropRules(root: Root, namespace: Namespace): readonly DropRule[] | undefined {
  const lists = ruleLists(root, namespace);
  if ('kind' in lists) return undefined;
  const native = rulesIn({ tool: 'nft', list: lists.nft() });
  // A rule that nft can print is not listed again as an iptables rule.
  if (native.length > 0) return native;
  const all = allLists(lists, hasForeignRules);
  return areReadable(all) ? all.flatMap(rulesIn) : undefined;
}

function rulesIn({ tool, list }: NamedList): readonly DropRule[] {
  if (list === 'none' || !list.ok) return [];
  return tool === 'nft' ? parseNftRules(list.value) : parseSavedRules(list.value, tool);
}

/** Returns the port ranges that rules give to NAT; a fault if no list of rules can be read. */
export function readNatRanges(root: Root, namespace: Namespace): Reading<readonly NatRange[]> {
  const lists = ruleLists(root, namespace);
  if ('kind' in lists) return { ok: false, fault: lists };
  const none = { ok: true, value: [], source: NFT_LIST } as const;
  if (moduleState(root, ['nf_nat']) === 'absent') return none;
  const all = allLists(lists, hasForeignNat);
  const failed = all.flatMap(({ list }) => (list === 'none' || list.ok ? [] : [list]));
  if (!areReadable(all)) return failed[0] ?? none;
  const texts = all.flatMap(({ list }) => (list !== 'none' && list.ok ? [list.value] : []));
  return { ok: true, value: texts.flatMap(parseNatRanges), source: NFT_LIST };
}

/** Timeout policies that nft lists; undefined if the rules cannot be read. iptables names such a policy, and not its seconds. */
export function readTimeoutPolicies(root: Root, namespace: Namespace): readonly TimeoutPolicy[] | undefined {
  const lists = ruleLists(root, namespace);
  if ('kind' in lists) return undefined;
  const nft = lists.nft();
  if (nft === 'none') return [];
  return nft.ok ? parseTimeoutPolicies(nft.value) : undefined;
}

/**
 * Returns the base chains that drop untracked packets unless a rule accepts them; undefined if the rules cannot be
 * read.
 */
export function readFilterChains(root: Root, namespace: Namespace): readonly FilterChain[] | undefined {
  return readableLists(root, namespace)?.flatMap(({ tool, text }) =>
    tool === 'nft' ? parseNftChains(text) : parseSavedChains(text, tool),
  );
}

/** Rules that refuse connections by number or rate, or are of an earlier step; undefined if the rules cannot be read. */
export function readRefusingRules(root: Root, namespace: Namespace): readonly RefusingRule[] | undefined {
  return readableLists(root, namespace)?.flatMap(({ tool, text }) =>
    tool === 'nft' ? parseNftRefusing(text) : parseSavedRefusing(text, tool),
  );
}

/** True if rules give some entries timeouts of their own; undefined if the rules cannot be read. */
export function hasTimeoutPolicies(root: Root, namespace: Namespace): boolean | undefined {
  return readableLists(root, namespace)?.some(({ text }) => hasTimeoutPolicy(text));
}

/** Returns the uses that rules make of entries; undefined if some cannot be read, or something else may use them. */
export function readEntryUses(root: Root, namespace: Namespace): readonly EntryUse[] | undefined {
  const texts = readRuleTexts(root, namespace);
  return texts === undefined ? undefined : Array.from(new Set(texts.flatMap(parseEntryUses)));
}

/** The rules as they are listed; undefined if some cannot be read, or if NAT may come without a rule. */
export function readRuleTexts(root: Root, namespace: Namespace): readonly string[] | undefined {
  const loaded = loadedModules(root);
  if (loaded.ok && SWITCHES.some((name) => loaded.value.has(name))) return undefined;
  return readableLists(root, namespace)?.map(({ text }) => text);
}

interface RuleText {
  readonly tool: DropRule['tool'];
  readonly text: string;
}

/** The lists that were made; undefined if rules may be missing from them. */
function readableLists(root: Root, namespace: Namespace): readonly RuleText[] | undefined {
  const lists = ruleLists(root, namespace);
  if ('kind' in lists) return undefined;
  const all = allLists(lists, hasIptablesTables);
  // Without nft(8), all rules are iptables rules.
  const isUnread = ({ list }: NamedList) => list !== 'none' && !list.ok && list.fault.kind !== 'tool-missing';
  if (!areReadable(all) || all.some(isUnread) || hidesIptables(lists)) return undefined;
  return all.flatMap(({ tool, list }) => (list === 'none' || !list.ok ? [] : [{ tool, text: list.value }]));
}

/**
 * True if nft shows iptables tables whose own list was not read: without nft_compat no iptables rule needs translation.
 */
function hidesIptables(lists: RuleLists): boolean {
  const nft = lists.nft();
  const isShown = nft !== 'none' && nft.ok && hasIptablesTables(nft.value);
  return isShown && lists.foreign().every(({ list }) => list === 'none');
}

interface NamedList {
  readonly tool: DropRule['tool'];
  readonly list: RuleList;
}

/** Returns the lists that may hold a kind of rule; nft does not print those that `isForeign` finds. */
function allLists(lists: RuleLists, isForeign: (text: string) => boolean): readonly NamedList[] {
  const nft = lists.nft();
  const isWhole = nft === 'none' || (nft.ok && !isForeign(nft.value));
  return [{ tool: 'nft', list: nft }, ...(isWhole ? [] : lists.foreign()), ...lists.legacy()];
}

function areReadable(all: readonly NamedList[]): boolean {
  return all.some(({ list }) => list !== 'none' && list.ok) || all.every(({ list }) => list === 'none');
}
