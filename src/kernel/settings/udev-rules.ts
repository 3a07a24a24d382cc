// Rules of udev(7) that run sysctl when conntrack's module is loaded, as sysctl.d(5) advises.

import type { Generation } from '../../model/generation.ts';
import type { Root } from '../root.ts';
import { listEvidence, readEvidenceText } from './evidence-text.ts';

export const UDEV_FOLDERS = [
  '/etc/udev/rules.d',
  '/run/udev/rules.d',
  '/usr/local/lib/udev/rules.d',
  '/usr/lib/udev/rules.d',
  '/lib/udev/rules.d',
];

/** Returns the path of the file with such a rule. */
export function readUdevRule(root: Root, generation: Generation): string | undefined {
  return listEvidence(root, UDEV_FOLDERS, '.rules').find((path) =>
    appliesSysctl(readEvidenceText(root, path) ?? '', generation),
  );
}

/** A `\` at the end of a line joins it to the next. */
export function appliesSysctl(text: string, generation: Generation): boolean {
  if (!text.includes('conntrack')) return false;
  const rules = text.split('\\\n').join(' ').split('\n');
  return rules.some((rule) => !rule.startsWith('#') && rule.includes(generation) && /\bRUN\b.*sysctl/.test(rule));
}
