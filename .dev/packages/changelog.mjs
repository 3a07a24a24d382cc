// Reads the changelog, which is kept in Debian's form and carried by every package.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const changelog = join(import.meta.dirname, 'changelog');

/** Newest first: version, text, who, and when. */
export function releases() {
  const form = /^check-conntrack \((\S+)\) \S+; urgency=\w+\n\n([\s\S]*?)\n\n -- (.+?) {2}(.+)$/gm;
  return Array.from(readFileSync(changelog, 'utf8').matchAll(form), ([, version, text, who, when]) => {
    return { version, text, who, date: new Date(when) };
  });
}
