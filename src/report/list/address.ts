// Addresses and ports as people write them, of the 32-bit words that the entries have.

/** `10.0.0.1`; IPv6 with the longest run of zeros left out (RFC 5952). */
export function addressWords(words: readonly number[], ipv6: boolean): string {
  return ipv6 ? compressed(words.flatMap(ipv6Groups)) : words.flatMap(ipv6Groups).flatMap(octetsOf).join('.');
}

/** The kernel's own form, without leaving out zeros: `2001:0db8:0000:0000:0000:0000:0000:0001`. */
export function kernelAddress(words: readonly number[], ipv6: boolean): string {
  const hex = (group: number) => group.toString(16).padStart(4, '0');
  return ipv6 ? words.flatMap(ipv6Groups).map(hex).join(':') : addressWords(words, false);
}

/** `10.0.0.0/24`, `2001:db8::/64`. */
export function networkWords(words: readonly number[], ipv6: boolean): string {
  return ipv6 ? `${addressWords([...words.slice(0, 2), 0, 0], true)}/64` : `${addressWords(words, false)}/24`;
}

function ipv6Groups(word: number): readonly number[] {
  return [(word >>> 16) & 0xffff, word & 0xffff];
}

function octetsOf(group: number): readonly number[] {
  return [group >>> 8, group & 0xff];
}

function compressed(groups: readonly number[]): string {
  const run = longestRun(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

/** The longest run of zeros; the first of equal ones. */
function longestRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((group, place) => {
    length = group === 0 ? length + 1 : 0;
    if (length > longest.length) longest = { start: place + 1 - length, length };
  });
  return longest;
}

const PROTOCOL_NAMES: Readonly<Record<number, string>> = {
  1: 'icmp',
  2: 'igmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  58: 'icmpv6',
  132: 'sctp',
  136: 'udplite',
};

export function protocolWords(protocol: number): string {
  return PROTOCOL_NAMES[protocol] ?? `protocol ${protocol}`;
}
