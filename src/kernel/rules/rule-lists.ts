// The rules of one network namespace, as nft(8) and iptables-save(8) print them. Each program runs at most once per
// root and namespace. Only root may list rules.

import { self } from '#system/self';
import type { IptablesTool } from '../../model/drop-rule.ts';
import type { Fault, Reading } from '../../model/fault.ts';
import { moduleState } from '../modules.ts';
import { enterOf, netFolder, oncePerNamespace } from '../namespaces/nsenter.ts';
import type { Root } from '../root.ts';
import { type Answer, runTool, type ToolRun } from '../run-tool.ts';
import { findTool, TOOLS, type Tool } from '../tools.ts';

/** The output of a program; `none` if the kernel module for such rules is not loaded. */
export type RuleList = Reading<string> | 'none';

export interface SavedRules {
  /** The program that changes these rules. */
  readonly tool: IptablesTool;
  readonly list: RuleList;
}

/** Each list is read on first use. */
export interface RuleLists {
  nft(): RuleList;
  /** iptables tables outside nf_tables. */
  legacy(): readonly SavedRules[];
  /** iptables rules in nf_tables, some of which nft cannot translate. */
  foreign(): readonly SavedRules[];
}

export const NFT_LIST = 'nft list ruleset';
const NAMES_LIMIT = 1 << 16;
/** A check has only seconds: each program gets this share of the time left. */
const DEADLINE_SHARE = 1 / 8;
const IPTABLES: readonly IptablesTool[] = [
  'iptables-legacy',
  'iptables-nft',
  'iptables',
  'ip6tables-legacy',
  'ip6tables-nft',
  'ip6tables',
];

/** Returns the lists of a namespace; a fault if none can be read. */
export const ruleLists = oncePerNamespace((root, namespace): RuleLists | Fault => {
  if (root.view === 'captured' || self.effectiveUser() !== 0) return { kind: 'denied', source: NFT_LIST };
  const enter = enterOf(root, namespace);
  if ('kind' in enter) return enter;
  const folder = netFolder(root, namespace);
  return {
    nft: memoized(() => listNft(root, enter)),
    legacy: memoized(() => [
      savedTables(root, enter, TOOLS.legacyRules, folder && `${folder}/ip_tables_names`),
      savedTables(root, enter, TOOLS.legacyRules6, folder && `${folder}/ip6_tables_names`),
    ]),
    foreign: memoized(() => [saved(root, enter, TOOLS.foreignRules), saved(root, enter, TOOLS.foreignRules6)]),
  };
});

function memoized<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made = made ?? { value: make() };
    return made.value;
  };
}

function listNft(root: Root, enter: readonly string[]): RuleList {
  const run = { source: NFT_LIST, enter };
  let isOld = false;
  const terse = listRules(root, { ...run, tool: TOOLS.nft }, ({ stderr }) => {
    isOld = /(?:invalid|unrecognized) option/.test(stderr);
  });
  return isOld ? listRules(root, { ...run, tool: TOOLS.nftBefore093 }) : terse;
}

// The kernel's file of table names shows if there are any. It needs a process in the namespace; without one, the list
// itself has to be read.
function savedTables(root: Root, enter: readonly string[], tool: Tool, names: string | undefined): SavedRules {
  if (names === undefined) return saved(root, enter, tool);
  const tables = root.read(names, NAMES_LIMIT, (text) => ({ ok: true, value: text }));
  const isEmpty = tables.ok ? tables.value === '' : tables.fault.kind === 'missing';
  if (isEmpty) return { tool: iptablesName(tool), list: 'none' };
  // If there are tables, their module is loaded.
  return saved(root, enter, { ...tool, needs: [] });
}

function saved(root: Root, enter: readonly string[], tool: Tool): SavedRules {
  const name = iptablesName(tool);
  return { tool: name, list: listRules(root, { tool, source: `${name}-save`, enter }) };
}

/** Returns the name of the installed program, without `-save`. */
function iptablesName(tool: Tool): IptablesTool {
  const program = findTool(tool)?.replace(/^.*\//, '') ?? tool.programs[1];
  return IPTABLES.find((name) => program === `${name}-save`) ?? 'iptables';
}

function listRules(root: Root, run: ToolRun, look: (answer: Answer) => void = () => undefined): RuleList {
  const { source, tool } = run;
  const milliseconds = DEADLINE_SHARE * root.deadline.left();
  const reading = runTool(root, { ...run, milliseconds }, (answer): Reading<string> => {
    look(answer);
    const { failure: detail, stdout } = answer;
    if (detail === undefined) return { ok: true, value: stdout, source };
    return { ok: false, fault: { kind: 'io', source, detail } };
  });
  const isNone = !reading.ok && tool.needs.length > 0 && moduleState(root, tool.needs) === 'absent';
  return isNone ? 'none' : reading;
}
