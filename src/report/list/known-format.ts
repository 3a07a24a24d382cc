// Lists that are not read, by how they begin: the name of the format helps the administrator who made one.

import { readBounded } from '../../kernel/file.ts';

const READ_LIMIT = 1 << 17;

const OTHER_FORMATS: readonly (readonly [RegExp, string])[] = [
  [/^\s*<(?:\?xml|conntrack>)/, 'the XML of conntrack -o xml; list it without -o'],
  [/^\w{1,16},orig=\(/m, "Open vSwitch's dpctl/dump-conntrack"],
  [/^ {0,10}\d{1,10}[\t:] ?(?:ipv[46] |tcp |udp |icmp)/m, 'a list with numbered lines'],
  [/\b(?:nf|ip)_conntrack: table full/m, 'lines of the kernel log; give the output of conntrack -L'],
];
const NO_ENTRIES = /^conntrack v\S{1,20} \(conntrack-tools\): 0 flow entries/m;

/** Beginnings of a list without entries: a tool's line for an empty one, or a format that is not read. */
export function knownFormat(text: string): 'no entries' | { readonly name: string } | undefined {
  if (NO_ENTRIES.test(text)) return 'no entries';
  const [, name] = OTHER_FORMATS.find(([pattern]) => pattern.test(text)) ?? [];
  return name === undefined ? undefined : { name };
}

/** The beginning of a file; empty if it cannot be read again, as stdin cannot. */
export function beginningOf(source: string): string {
  const read = readBounded(source, READ_LIMIT, () => true);
  return read.ok ? read.text : '';
}
