// Rules that make the kernel add an extension block to entries, of one network namespace: what nft(8) lists, and what
// iptables-save(8) does where there are tables of the old kind. Both need root. Measured on 6.18: a rule about labels is
// enough for every entry; a helper, a timeout policy, SYNPROXY and MASQUERADE add to those that they match, and other
// translation to none.

import { self } from '#system/self';
import type { Reading } from '../observation/fault.ts';
import type { RuleBlocks } from '../observation/table.ts';
import { type Answer, runTool } from './child.ts';
import type { Enter } from './conntrack-tool.ts';
import { exists } from './file.ts';
import type { Root } from './root.ts';

const LISTED = 'nft list ruleset';
const SAVED = 'iptables-save';
const NFT = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'] as const;
// The sets may be long, and tell nothing.
const LIST = ['-t', 'list', 'ruleset'] as const;
const OLD_TABLES = [
  ['/proc/net/ip_tables_names', 'iptables'],
  ['/proc/net/ip6_tables_names', 'ip6tables'],
] as const;
const MODULES_LIMIT = 1 << 20;
const NAMES_LIMIT = 1 << 16;
// A firewall's rules are listed in some ms; nobody waits for more.
const LONGEST = 1000;

/** Whether there are tables of the old kind: `/proc/net/ip_tables_names` and the like. */
type HasTables = (file: string) => boolean;

/** Loads no module. `enter` goes before a command that runs in another namespace. */
export function readRuleBlocks(
  root: Root,
  hasTables: HasTables = ownTables(root),
  enter: Enter = [],
): Reading<RuleBlocks> {
  if (self.effectiveUser() !== 0) return { ok: false, fault: { kind: 'denied', source: LISTED } };
  const modules = root.read('/proc/modules', MODULES_LIMIT, (text) => ({ ok: true, value: text }));
  const loaded = modules.ok ? modules.value : '';
  // Built-in parts are not listed: only a list that has conntrack tells what there is not.
  const isModular = /^nf_conntrack /m.test(loaded);
  const nft =
    isModular && !/^nf_tables /m.test(loaded) ? NOTHING : tell(root, LISTED, lines(enter, NFT, LIST), parseRuleset);
  const old = OLD_TABLES.map(([file, name]) => (hasTables(file) ? savedRules(root, enter, name) : NOTHING));
  const switches: Reading<RuleBlocks> = SWITCHES.test(loaded) ? { ...NOTHING, value: 'some' } : NOTHING;
  return [nft, ...old, switches].reduce(more);
}

const NOTHING = { ok: true, value: 'none', source: LISTED } as const;
// These track for themselves, without a rule that is listed.
const SWITCHES = /^(?:openvswitch|act_ct) /m;

// The surest of them: what every entry has, else what could not be read, else what some have.
function more(one: Reading<RuleBlocks>, other: Reading<RuleBlocks>): Reading<RuleBlocks> {
  const rank = (reading: Reading<RuleBlocks>) => (reading.ok ? { none: 0, some: 1, all: 3 }[reading.value] : 2);
  return rank(other) > rank(one) ? other : one;
}

function ownTables(root: Root): HasTables {
  return (file) => {
    const names = root.read(file, NAMES_LIMIT, (text) => ({ ok: true, value: text }));
    return names.ok ? names.value !== '' : names.fault.kind !== 'missing';
  };
}

// nsenter(1) has its own way to say that a command is not there, so inside of a namespace it must be known before.
function lines(enter: Enter, places: readonly string[], args: readonly string[]): readonly (readonly string[])[] {
  const there = enter.length === 0 ? places : places.filter((place) => exists(place));
  return there.map((place) => [...enter, place, ...args]);
}

function savedRules(root: Root, enter: Enter, name: string): Reading<RuleBlocks> {
  const places = [`${name}-legacy-save`, `${name}-save`].flatMap((tool) => [`/usr/sbin/${tool}`, `/sbin/${tool}`]);
  return tell(root, SAVED, lines(enter, places, []), parseSaved);
}

function tell(
  root: Root,
  source: string,
  commands: readonly (readonly string[])[],
  parse: (text: string) => RuleBlocks,
): Reading<RuleBlocks> {
  const interpret = ({ failure, stdout }: Answer): Reading<RuleBlocks> =>
    failure === undefined
      ? { ok: true, value: parse(stdout), source }
      : { ok: false, fault: { kind: 'io', source, detail: failure } };
  return runTool(root, source, commands, interpret, LONGEST);
}

// In capitals those of iptables, which nft shows as they are.
const ADDING = /\bmasquerade\b|\bct (?:helper|timeout) set\b|\bsynproxy\b|\b(?:CT|MASQUERADE|SYNPROXY)\b/;

// What somebody has remarked, and what a chain, table or set is called, is no rule.
const NAMED = /\b(?:comment|prefix) "[^"\n]*"|\b(?:jump|goto) \S+|@\S+|^\s*(?:chain|set|map|table \w+) \S+/gm;

export function parseRuleset(text: string): RuleBlocks {
  const rules = text.replace(NAMED, '');
  if (/\bct label\b|\bconnlabel\b/.test(rules)) return 'all';
  return ADDING.test(rules) ? 'some' : 'none';
}

export function parseSaved(text: string): RuleBlocks {
  const rules = text.split('\n').filter((line) => line.startsWith('-A'));
  if (rules.some((rule) => / -m connlabel /.test(rule))) return 'all';
  const adds = (rule: string) => / -j (?:MASQUERADE|SYNPROXY|CT)(?!\S)/.test(rule) && !/ --notrack\b/.test(rule);
  return rules.some(adds) ? 'some' : 'none';
}
