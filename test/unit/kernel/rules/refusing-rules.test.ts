// Rules that refuse connections, and those of an earlier step, as nft(8) and iptables-save(8) list them.

import { describe, expect, test } from 'vitest';
import { hasTimeoutPolicy, parseNftRefusing, parseSavedRefusing } from '../../../../src/kernel/rules/refusing-rules.ts';

const OURS = `table inet check_conntrack_source_cb007109 { # handle 9
\tchain prerouting { # handle 1
\t\ttype filter hook prerouting priority raw; policy accept;
\t\tip saddr 203.0.113.9 counter packets 1204 bytes 60200 drop # handle 2
\t}
}
`;
const THEIRS = `table inet filter { # handle 1
\tset meter { # handle 3
\t\ttype ipv4_addr
\t}

\tchain input { # handle 1
\t\ttype filter hook input priority filter; policy accept;
\t\tct state new add @meter { ip saddr ct count over 20 } counter packets 7 bytes 420 reject # handle 4
\t\ttcp dport 22 accept comment "ct count over 5 drop" # handle 5
\t}
}
`;

describe('nft', () => {
  test('a table of ours, and a limit of others', () => {
    expect(parseNftRefusing(OURS + THEIRS)).toEqual([
      {
        tool: 'nft',
        family: 'inet',
        table: 'check_conntrack_source_cb007109',
        chain: '',
        isOurs: true,
        packets: 1204,
      },
      { tool: 'nft', family: 'inet', table: 'filter', chain: 'input', isOurs: false, packets: 7 },
    ]);
  });

  test('without a count', () => {
    const bare = (OURS + THEIRS).replace(/counter packets \d+ bytes \d+ /g, '');
    expect(parseNftRefusing(bare).map(({ packets }) => packets)).toEqual([undefined, undefined]);
  });

  test('no other rule, and none in a comment', () => {
    expect(parseNftRefusing(THEIRS.replace(/.*add @meter.*\n/, ''))).toEqual([]);
    expect(parseNftRefusing(THEIRS.replace('reject', 'accept'))).toEqual([]);
  });
});

describe('a name that a shell or a tool would not take as it is', () => {
  const NAMES = ['$(reboot)', 'a;reboot', '`id`', 'a|b', '-F', 'x'.repeat(65)];

  test.each(NAMES)('a chain of iptables, %s: the whole table is shown', (name) => {
    const text = `*filter\n[1:60] -A ${name} -m connlimit --connlimit-above 1 -j DROP\nCOMMIT\n`;
    expect(parseSavedRefusing(text, 'iptables')).toMatchObject([{ table: 'filter', chain: '', packets: 1 }]);
    expect(parseSavedRefusing(text.replace('filter', name), 'iptables')).toEqual([]);
  });

  test.each(NAMES)('a table or chain of nft, %s: it is left out', (name) => {
    expect(parseNftRefusing(THEIRS.replace('inet filter', `inet ${name}`))).toEqual([]);
    expect(parseNftRefusing(THEIRS.replace('chain input', `chain ${name}`))).toEqual([]);
  });
});

test('iptables: connlimit, and rules with the comment of a step', () => {
  const text = `*raw
:PREROUTING ACCEPT [9:900]
[5:300] -A PREROUTING -s 203.0.113.9/32 -m comment --comment check_conntrack_source_cb007109 -j DROP
[6:300] -A PREROUTING -s 203.0.113.10/32 -m comment --comment "check_conntrack_source_cb00710a" -j DROP
[1:60] -A PREROUTING -s 203.0.113.11/32 -j DROP
COMMIT
*filter
-A INPUT -p tcp -m connlimit --connlimit-above 20 --connlimit-mask 32 -j REJECT
-A INPUT -m comment --comment "--connlimit-above 5 -j DROP" -j ACCEPT
COMMIT
`;
  expect(parseSavedRefusing(text, 'iptables')).toEqual([
    { tool: 'iptables', family: '', table: 'raw', chain: 'PREROUTING', isOurs: true, packets: 5 },
    { tool: 'iptables', family: '', table: 'raw', chain: 'PREROUTING', isOurs: true, packets: 6 },
    { tool: 'iptables', family: '', table: 'filter', chain: 'INPUT', isOurs: false, packets: undefined },
  ]);
});

test.each([
  ['ct timeout short { protocol tcp; policy = { established : 3600 } }', true],
  ['tcp dport 443 ct timeout set "short"', true],
  ['[0:0] -A PREROUTING -p tcp -j CT --timeout short', true],
  ['[0:0] -A PREROUTING -p tcp -j CT --notrack', false],
  ['tcp dport 443 accept comment "ct timeout set"', false],
])('%s', (text, expected) => expect(hasTimeoutPolicy(text)).toBe(expected));
