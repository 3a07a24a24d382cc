// Edits of configuration files in words and in JSON: the place, the change, and how to revert it.

import type { FileLines } from './machine-remedies.ts';
import { listWords } from './prose.ts';
import { foreign } from './words.ts';

/** The place and what to do there, on one line: `/etc/modprobe.d/a.conf, in place of hashsize=4096`. */
export function placeWords({ where, lines, replaces = [] }: FileLines): string {
  if (replaces.length === 0) return where;
  const settings = replaces.join(' and ');
  return lines.length === 0 ? `${where}: remove ${settings}` : `${where}, in place of ${settings}`;
}

/** Describes how to revert the edits; undefined if there are none. */
export function editsUndone(edits: readonly FileLines[]): string | undefined {
  if (edits.length === 0) return undefined;
  const added = edits.filter(({ replaces = [] }) => replaces.length === 0);
  const places = listWords(added.map(({ where }) => where));
  const what = added.some(({ lines }) => lines.length > 0) ? 'the added lines' : 'them';
  return [
    ...(added.length === 0 ? [] : [`remove ${what} from ${places}`]),
    ...edits.flatMap(({ where, lines, replaces = [] }) => {
      if (replaces.length === 0) return [];
      const before = replaces.join(' and ');
      return [lines.length === 0 ? `add ${before} to ${where} again` : `change ${where} back to ${before}`];
    }),
  ].join('; ');
}

/** An edit in JSON. */
export interface FileBody {
  readonly where: string;
  readonly lines: readonly string[];
  /** settings to remove from it; the new lines, if any, replace them */
  readonly replaces: readonly string[];
}

export function fileBodies(files: readonly FileLines[]): readonly FileBody[] {
  return files.map(({ where, lines, replaces = [] }) => ({
    where: foreign(where),
    lines,
    replaces: replaces.map(foreign),
  }));
}
