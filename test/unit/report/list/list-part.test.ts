import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { begunSince, flowOf, type ListPart, seenIn } from '../../../../src/report/list/list-part.ts';

function part(names: string, whole = false): ListPart {
  return { lines: Array.from(names, (name) => `udp 17 29 src=${name} dst=b sport=1 dport=2 src=b dst=${name}`), whole };
}

function begun(before: ListPart, after: ListPart) {
  const found = begunSince(seenIn(before), after);
  return found && [found.lines.map((line) => /src=(.)/.exec(line)?.[1]).join(''), found.of];
}

describe('entries begun between two samples', () => {
  test.each<[string, ListPart, ListPart, unknown]>([
    ['none, if nothing changed', part('abc'), part('abc'), ['', 3]],
    ['entries before and between known ones', part('abc'), part('xaybc'), ['xy', 5]],
    ['not those after the last known entry: they may be old', part('abc'), part('axbcdef'), ['x', 4]],
    ['not those after the one before, if the last known entry is gone', part('abc'), part('xabde'), ['x', 3]],
    ['all unknown ones, if the first sample was whole', part('abc', true), part('abcxy'), ['xy', 5]],
    ['all, if the list was empty', part('', true), part('xy', true), ['xy', 2]],
    ['none, if the list is empty now', part('abc'), part('', true), ['', 0]],
    ['an entry listed twice counts once', part('ab'), part('xaxb'), ['x', 4]],
    ['unknown, if no entry is left from the first sample', part('abc'), part('xyz'), undefined],
  ])('%s', (_, before, after, expected) => expect(begun(before, after)).toEqual(expected));

  test('never include an entry read before, wherever the samples end', () => {
    const bucket = fc.array(fc.nat(9), { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(bucket, { maxLength: 30 }),
        fc.array(bucket, { maxLength: 30 }),
        fc.nat(60),
        fc.nat(60),
        (old, added, first, second) => {
          // New entries come first in each bucket, as in the kernel.
          const name = (kind: string, at: number, each: number) => `${kind}${at}.${each}`;
          const lines = (names: readonly string[]) => names.map((one) => ` src=${one} dst=b src=b dst=${one}`);
          const before = lines(old.flatMap((them, at) => [...new Set(them)].map((each) => name('old', at, each))));
          const after = lines(
            old.flatMap((them, at) => [
              ...[...new Set(added[at] ?? [])].map((each) => name('new', at, each)),
              ...[...new Set(them)].map((each) => name('old', at, each)),
            ]),
          );
          const seen = seenIn({ lines: before.slice(0, first), whole: first >= before.length });
          const found = begunSince(seen, { lines: after.slice(0, second), whole: second >= after.length });
          for (const line of found?.lines ?? []) expect(line).toContain('src=new');
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a flow key', () => {
  const SYN =
    'ipv4     2 tcp      6 119 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1 dport=80 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1 mark=0 zone=0 use=2';
  const OPEN =
    'ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1 dport=80 packets=1 bytes=2 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1 packets=3 bytes=4 [ASSURED] mark=0 zone=0 use=3';
  const TOOL =
    'tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1 [ASSURED] mark=0 zone=0 use=1';

  test('ignores time left, state, flags, counters and the tool that lists it', () => {
    expect(new Set([SYN, OPEN, TOOL].map(flowOf)).size).toBe(1);
  });

  test.each([
    ['another port', SYN.replace('sport=1 ', 'sport=2 ')],
    ['another protocol', SYN.replace('tcp ', 'udp ')],
    ['another zone', SYN.replace('zone=0', 'zone=7')],
    ['a zone of one direction', SYN.replace(' [UNREPLIED]', ' zone-orig=7 [UNREPLIED]')],
    ['a zone of the other direction', SYN.replace(' mark=0', ' zone-reply=7 mark=0')],
  ])('differs for %s', (_, other) => expect(flowOf(other)).not.toBe(flowOf(SYN)));

  test('distinguishes two pings by their id', () => {
    const ping = (id: number) =>
      `icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=${id} src=10.0.0.2 dst=10.0.0.1`;
    expect(flowOf(ping(1))).not.toBe(flowOf(ping(2)));
  });
});
