// Keys for comparing two samples of a list.

import { describe, expect, test } from 'vitest';
import { begunSince, flowOf, seenIn } from '../../../../src/report/list/list-part.ts';

const THERE = ' src=10.0.0.1 dst=10.0.0.2 sport=1 dport=80';
const BACK = ' src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1';

test.each([
  ['the reply', `udp      17 29${THERE}${BACK}`],
  ['a flag', `udp      17 29${THERE} [UNREPLIED]${BACK} mark=0`],
  ['counters', `udp      17 29${THERE} packets=1 bytes=2${BACK} packets=3 bytes=4`],
  ['counters and a flag', `udp      17 29${THERE} packets=1 bytes=2 [UNREPLIED]${BACK} [ASSURED] mark=0`],
  ['the end of the line', `udp      17 29${THERE}`],
  ['a family', `ipv4     2 udp      17 29${THERE}${BACK} use=2`],
  ['a family of two digits', `ipv6     10 udp      17 29${THERE}${BACK} use=2`],
])('a flow key ends before %s', (_, line) => expect(flowOf(line)).toBe(`udp     ${THERE}`));

test.each([
  ['at the end of the line', ' mark=0 zone=7', ' zone=7'],
  ['before other words', ' mark=0 zone=7 use=2', ' zone=7'],
  ['of one direction', ' zone-reply=7 mark=0', ' zone-reply=7'],
])('a flow key includes the zone: %s', (_, end, zone) => {
  expect(flowOf(`udp      17 29${THERE}${BACK}${end}`)).toBe(`udp     ${THERE}${zone}`);
});

test('a flow key includes the zone of the original direction', () => {
  const line = `udp      17 29${THERE} zone-orig=7 [UNREPLIED]${BACK} mark=0`;
  expect(flowOf(line)).toBe(`udp     ${THERE} zone-orig=7`);
});

test('a protocol name of eight letters is kept whole', () => {
  expect(flowOf(`udplite  136 29${THERE}${BACK}`)).toBe(`udplite ${THERE}`);
  expect(flowOf(`ipv4     2 udplite  136 29${THERE}${BACK}`)).toBe(`udplite ${THERE}`);
});

describe('entries begun since an earlier sample', () => {
  const line = (name: string) => `udp      17 29 src=${name} dst=b src=b dst=${name}`;
  const part = (names: string, whole: boolean) => ({ lines: Array.from(names, line), whole });

  test('a sample keeps its flow keys', () => {
    expect(seenIn(part('ab', true))).toEqual({
      flows: new Set(['a', 'b'].map((name) => flowOf(line(name)))),
      whole: true,
    });
    expect(seenIn(part('', false))).toEqual({ flows: new Set(), whole: false });
  });

  test('an empty part gives no answer unless it was the whole list', () => {
    expect(begunSince(seenIn(part('', false)), part('x', false))).toBeUndefined();
    expect(begunSince(seenIn(part('', false)), part('', false))).toEqual({ lines: [], of: 0 });
    expect(begunSince(seenIn(part('', true)), part('x', false))).toEqual({ lines: [line('x')], of: 1 });
  });

  test('counting stops at the only known entry, even if it is the first', () => {
    expect(begunSince(seenIn(part('a', false)), part('axy', false))).toEqual({ lines: [], of: 1 });
  });
});
