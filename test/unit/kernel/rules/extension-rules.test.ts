// Rules in the output of nft(8) and iptables-save(8), by what they add to an entry.

import { describe, expect, test } from 'vitest';
import { parseRuleset, parseSaved } from '../../../../src/kernel/rules/extension-rules.ts';

const ruleset = (...lines: readonly string[]) =>
  `table inet filter {\n\tchain c {\n\t\t${lines.join('\n\t\t')}\n\t}\n}\n`;

describe('nft list ruleset', () => {
  test.each([
    ['', 'none'],
    [ruleset('ct state established,related accept'), 'none'],
    [ruleset('type nat hook postrouting priority srcnat; policy accept;', 'snat to 192.0.2.1'), 'none'],
    [ruleset('ct zone set 7', 'ct mark set 1', 'ct helper "ftp" accept'), 'none'],
    [ruleset('oifname "eth0" masquerade'), 'some'],
    [ruleset('udp dport 69 ct helper set "tftp"'), 'some'],
    [ruleset('ct timeout set "short"'), 'some'],
    [ruleset('ct helper set udp dport map { 69 : "tftp" }'), 'some'],
    [ruleset('tcp flags syn synproxy mss 1460 wscale 7'), 'some'],
    [ruleset('meta l4proto udp counter packets 0 bytes 0 xt target CT'), 'some'],
    [ruleset('meta l4proto udp counter packets 0 bytes 0 xt target "CT"'), 'some'],
    [ruleset('ct label set 1'), 'all'],
    [ruleset('masquerade', 'ct label 1 accept'), 'all'],
    [ruleset('counter packets 0 bytes 0 xt match "connlabel"'), 'all'],
    [ruleset('jump masquerade-out', 'goto connlabel', 'ip saddr @synproxy accept'), 'none'],
    [ruleset('ct state vmap { new : jump CT, established : accept }'), 'none'],
    ['table inet masquerade {\n\tset synproxy {\n\t}\n\tchain connlabel {\n\t}\n}\n', 'none'],
    [ruleset('accept comment "no masquerade, no ct label set 1"', 'log prefix "CT: "'), 'none'],
  ])('%j: %s', (text, expected) => {
    expect(parseRuleset(text)).toBe(expected);
  });
});

describe('iptables-save', () => {
  test.each([
    ['*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j SNAT --to-source 192.0.2.1\nCOMMIT\n', 'none'],
    ['*nat\n:MASQUERADE - [0:0]\nCOMMIT\n', 'none'],
    ['*nat\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n', 'some'],
    ['*raw\n-A PREROUTING -p tcp -j CT --notrack\nCOMMIT\n', 'none'],
    ['*raw\n-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp\nCOMMIT\n', 'some'],
    ['*filter\n-A INPUT -p tcp -j SYNPROXY --mss 1460\nCOMMIT\n', 'some'],
    ['*filter\n-A OUTPUT -m connlabel --label "1" -j ACCEPT\nCOMMIT\n', 'all'],
    ['*filter\n-A INPUT -j CT-LOG\n-A MASQUERADE -j ACCEPT\nCOMMIT\n', 'none'],
    ['*mangle\n-A PREROUTING -j CONNMARK --restore-mark\nCOMMIT\n', 'none'],
  ])('%j: %s', (text, expected) => {
    expect(parseSaved(text)).toBe(expected);
  });
});
