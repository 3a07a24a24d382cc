// Parses the changelog, which has Debian's format and is in every package.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const changelog = join(import.meta.dirname, 'changelog');

/** Returns version, text, author and date, newest first. */
export function releases() {
  const form = /^check-conntrack \((\S+)\) \S+; urgency=\w+\n\n([\s\S]*?)\n\n -- (.+?) {2}(.+)$/gm;
  return Array.from(readFileSync(changelog, 'utf8').matchAll(form), ([, version, text, who, when]) => {
    return { version, text, who, date: new Date(when) };
  });
}
