// Single words of a line: zones, flags, states and ports, and words that only look like them.

import { describe, expect, test } from 'vitest';
import { STATES } from '../../../../src/report/list/entry.ts';
import { parseEntries } from '../../../../src/report/list/entry-list.ts';

const THERE = 'src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2';
const BACK = 'src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1';

function parsed<T>(text: string, of: (entry: Parameters<Parameters<typeof parseEntries>[3]>[0]) => T): readonly T[] {
  const found: T[] = [];
  const bytes = Buffer.from(text, 'latin1');
  parseEntries(bytes, 0, bytes.length, (entry) => found.push(of(entry)));
  return found;
}

describe('a zone', () => {
  const zoned = (text: string) => parsed(text, (entry) => entry.zoned);

  test.each([
    ['', false],
    [' zone=0', false],
    [' zone=7', true],
    [' mark=0 zone=12 use=2', true],
    [' zone-reply=7 mark=0', true],
    [' zone-reply=0 mark=0', false],
    [' [ASSURED] mark=0 zone=7 use=2', true],
    [' mark=0 zone=', false],
    [' mark=0 zone use=7', false],
    [' mark=0 xzone=7', false],
    [' mark=7 use=2', false],
    [' mark=0 z zone=7', true],
    [' packets=1 bytes=2 mark=0', false],
  ])('after the reply: %j: %j', (end, expected) =>
    expect(zoned(`udp 17 9 ${THERE} ${BACK}${end}`)).toEqual([expected]),
  );

  test.each([
    ['zone=7', true],
    ['zone=0', false],
    ['zone-orig=7', true],
    ['zone-orig=0 [UNREPLIED]', false],
    ['packets=1 bytes=2', false],
    ['type=8 code=0 id=7', false],
    ['zone x=7', false],
  ])('before the reply: %j: %j', (words, expected) =>
    expect(zoned(`udp 17 9 ${THERE} ${words} ${BACK}`)).toEqual([expected]),
  );

  test('applies to its own line only', () => {
    const line = (end: string) => `udp 17 9 ${THERE} ${BACK} mark=0${end}`;
    expect(zoned([line(''), line(' zone=7'), line(' zone=0'), line(''), line(' zone=9'), ''].join('\n'))).toEqual([
      false,
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('a state', () => {
  const states = (text: string) => parsed(text, ({ state }) => STATES[state]);

  test.each(['packets=1 bytes=2', '9', 'zone=7', '[UNREPLIED]'])('is not changed by %s', (words) => {
    expect(states(`tcp 6 9 ESTABLISHED ${THERE} ${words} ${BACK} ${words} use=2`)).toEqual(['ESTABLISHED']);
  });
});

test.each([
  ['[OFFLOAD]', true],
  ['[HW_OFFLOAD]', true],
  ['[DYING]', false],
])('a flag: %s', (flag, expected) => {
  expect(parsed(`tcp 6 9 ${THERE} ${BACK} ${flag} use=2`, ({ offloaded }) => offloaded)).toEqual([expected]);
});

describe('ports', () => {
  const ports = (words: string) =>
    parsed(`esp 50 9 src=10.0.0.1 dst=10.0.0.2 ${words} ${BACK}`, ({ original }) => [
      original.sourcePort,
      original.destinationPort,
    ]);

  test.each([
    ['sport=1 dport=65535', [[1, 65_535]]],
    ['sport=1 dport=65536', []],
    ['spi=0x7', [[-1, -1]]],
    ['short=7 dport=8', [[-1, -1]]],
    ['sport=7 spi=8', [[7, -1]]],
  ])('%j', (words, expected) => expect(ports(words)).toEqual(expected));
});

describe('a protocol', () => {
  const protocols = (head: string) =>
    parsed(`${head} ${THERE} ${BACK}`, ({ protocol, seconds }) => [protocol, seconds]);

  test.each([
    ['icmp 1 28', [[1, 28]]],
    ['spx 50 9', [[50, 9]]],
    ['ipv6 10 udp 17 9', [[17, 9]]],
    ['udp\t17\t9\t', [[17, 9]]],
    ['udp 17x 9', []],
    ['udp 17', [[17, -1]]],
  ])('%j', (head, expected) => expect(protocols(head)).toEqual(expected));
});

describe('an address', () => {
  const sources = (address: string) =>
    parsed(`udp 17 9 src=${address} dst=::1 src=::1 dst=::2`, ({ original }) =>
      Array.from(original.source, (word) => (word >>> 0).toString(16)).join(' '),
    );

  test.each([
    ['a::a', ['a0000 0 0 a']],
    ['abcd:ef::af', ['abcd00ef 0 0 af']],
    ['1:2:3:4:5::1.2.3.4', ['10002 30004 50000 1020304']],
    ['1::1.2.3.4', ['10000 0 0 1020304']],
    ['1:2:3:4:5:6::1.2.3.4', []],
    ['1:2:3:4:5:6:7::1.2.3.4', []],
    ['1:2:3:4:5:6:7:8:1.2.3.4', []],
    ['1:2:3:4:5:6:7::8', []],
    ['1:2:3:4:5:6:7:8:9', []],
    ['1::2:3:4:5:6:7:8:9:a', []],
    ['::.2.3.4', []],
    ['1::.2.3.4', []],
    ['::1.2.3.4x', []],
    [':12:3', []],
    ['1:2:3:', []],
  ])('%s', (address, expected) => expect(sources(address)).toEqual(expected));

  test.each([
    ['src=10.0.0.1 dst=10.0.0.2x', BACK],
    ['src=::1 dst=::2x', 'src=::2 dst=::1'],
    ['src=10.0.0.1\tdst=10.0.0.2', BACK],
    ['src=::1\tdst=::2', 'src=::2 dst=::1'],
  ])('ends with a blank: %j', (there, back) => expect(parsed(`udp 17 9 ${there} ${back}`, () => 0)).toEqual([]));
});
