// The port ranges that rules give to NAT, parsed from the output of nft(8) and iptables-save(8):
//   snat to 192.0.2.1:1024-2047    masquerade to :1024-2047    --to-source 192.0.2.1:1024-2047    --to-ports 1024-2047

/** Includes both ends. */
export interface NatRange {
  readonly first: number;
  readonly last: number;
}

const NAT_RULE = /\b(?:snat|masquerade|SNAT|MASQUERADE)\b/;
// An IPv6 address contains colons; if ports follow, it is in brackets.
const PORT_RANGE = /(?:(?: to|--to-source) (?:[\d.-]+|\[[^ ]+\])?:|--to-ports )(\d{1,5})(?:-(\d{1,5}))?(?![\w.:])/;
// nft prints an iptables rule that it cannot translate as `xt target "SNAT"`, and before 1.0.2 as `# xt_SNAT`.
const FROM_IPTABLES = /\bxt(?: target "?|_)(?:SNAT|MASQUERADE)\b/;

export function parseNatRanges(text: string): readonly NatRange[] {
  return text.split('\n').flatMap((line) => {
    const [, first, last = first] = NAT_RULE.test(line) ? (PORT_RANGE.exec(line) ?? []) : [];
    return first === undefined ? [] : [{ first: Number(first), last: Number(last) }];
  });
}

/** True if nft shows iptables NAT rules that it cannot translate. */
export function hasForeignNat(text: string): boolean {
  return FROM_IPTABLES.test(text);
}
