// Rules that need entries, as nft(8) and iptables-save print them.

import { expect, test } from 'vitest';
import { parseEntryUses } from '../../../../src/kernel/rules/entry-uses.ts';

const nft = (rule: string) => `table ip t { # handle 1\n\tchain c { # handle 2\n\t\t${rule} # handle 3\n\t}\n}\n`;
const saved = (rule: string) => `*nat\n:POSTROUTING ACCEPT [0:0]\n[0:0] -A POSTROUTING ${rule}\nCOMMIT\n`;

test.each([
  ['ip saddr 10.0.0.0/8 masquerade', ['nat']],
  ['oifname "eth0" snat to 192.0.2.1', ['nat']],
  ['tcp dport 80 dnat ip to 10.0.0.2:8080', ['nat']],
  ['tcp dport 80 redirect to :8080', ['nat']],
  ['counter packets 0 bytes 0 xt target "MASQUERADE"', ['nat']],
  ['meta mark set ct mark', ['marks']],
  ['ct mark set meta mark', ['marks']],
  ['xt target "CONNMARK"', ['marks']],
  ['udp dport 69 ct helper set "tftp-69"', ['helpers']],
  ['ct mark set 1 masquerade', ['nat', 'marks']],
  ['ct state established,related accept', []],
  ['meta mark set 0x1', []],
  ['jump dnat', []],
  ['ct status dnat accept', []],
  ['ct status { snat, dnat } accept', []],
  ['accept comment "no snat here"', []],
])('nft: %s', (rule, uses) => expect(parseEntryUses(nft(rule))).toEqual(uses));

test('a chain that is named like a statement is no rule', () => {
  expect(parseEntryUses(nft('accept').replace('chain c', 'chain masquerade'))).toEqual([]);
});

test.each([
  ['-s 10.0.0.0/8 -j MASQUERADE', ['nat']],
  ['-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2', ['nat']],
  ['-j CONNMARK --restore-mark', ['marks']],
  ['-m connmark --mark 0x1 -j ACCEPT', ['marks']],
  ['-p udp --dport 69 -j CT --helper tftp', ['helpers']],
  ['-j MARK --set-xmark 0x1', []],
  ['-j ACCEPT', []],
  ['-j KUBE-POSTROUTING', []],
  ['-m comment --comment "-j MASQUERADE" -j ACCEPT', []],
])('iptables-save: %s', (rule, uses) => expect(parseEntryUses(saved(rule))).toEqual(uses));
