// Files that may be evidence: one that cannot be read is not evidence.

import { exists } from '../file.ts';
import type { Root } from '../root.ts';

const EVIDENCE_LIMIT = 1 << 22;
/** README's capture command writes it to a tree that has every file of the settings. */
const CAPTURED = '/captured';

/** True if what the root lacks is not on the machine either. */
export function isWholeRoot(root: Root): boolean {
  return root.view !== 'captured' || exists(root.locate(CAPTURED));
}

export function readEvidenceText(root: Root, path: string): string | undefined {
  const reading = root.read(path, EVIDENCE_LIMIT, (bytes) => ({ ok: true, value: bytes }));
  return reading.ok ? reading.value : undefined;
}

/** Files in these directories with this ending, by name; a file hides those of the same name in later directories. */
export function listEvidence(root: Root, folders: readonly string[], ending: string): readonly string[] {
  const found = new Map<string, string>();
  for (const folder of folders) {
    const names = root.list(folder);
    for (const name of 'kind' in names ? [] : names) {
      if (name.endsWith(ending) && !found.has(name)) found.set(name, `${folder}/${name}`);
    }
  }
  return Array.from(found.values());
}
