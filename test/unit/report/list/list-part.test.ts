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

describe('what has begun between two readings', () => {
  test.each<[string, ListPart, ListPart, unknown]>([
    ['nothing', part('abc'), part('abc'), ['', 3]],
    ['in front of others and in between', part('abc'), part('xaybc'), ['xy', 5]],
    ['what is behind the last one that was read may be old', part('abc'), part('axbcdef'), ['x', 4]],
    ['where the last one is gone, what is behind the one before it', part('abc'), part('xabde'), ['x', 3]],
    ['all of it is known: whatever is new is', part('abc', true), part('abcxy'), ['xy', 5]],
    ['it was empty', part('', true), part('xy', true), ['xy', 2]],
    ['it is empty', part('abc'), part('', true), ['', 0]],
    ['one that is listed twice is one', part('ab'), part('xaxb'), ['x', 4]],
    ['nothing is known again: nobody can tell', part('abc'), part('xyz'), undefined],
  ])('%s', (_, before, after, expected) => expect(begun(before, after)).toEqual(expected));

  test('is never what was read before, wherever the readings end', () => {
    const bucket = fc.array(fc.nat(9), { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(bucket, { maxLength: 30 }),
        fc.array(bucket, { maxLength: 30 }),
        fc.nat(60),
        fc.nat(60),
        (old, added, first, second) => {
          // Each bucket with its new ones in front, as the kernel puts them.
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

describe('what stays the same while an entry lives', () => {
  const SYN =
    'ipv4     2 tcp      6 119 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1 dport=80 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1 mark=0 zone=0 use=2';
  const OPEN =
    'ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1 dport=80 packets=1 bytes=2 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1 packets=3 bytes=4 [ASSURED] mark=0 zone=0 use=3';
  const TOOL =
    'tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1 [ASSURED] mark=0 zone=0 use=1';

  test('not its time, state, flags or counters, nor who lists it', () => {
    expect(new Set([SYN, OPEN, TOOL].map(flowOf)).size).toBe(1);
  });

  test.each([
    ['another port', SYN.replace('sport=1 ', 'sport=2 ')],
    ['another protocol', SYN.replace('tcp ', 'udp ')],
    ['another zone', SYN.replace('zone=0', 'zone=7')],
    ['a zone of one direction', SYN.replace(' [UNREPLIED]', ' zone-orig=7 [UNREPLIED]')],
    ['a zone of the other direction', SYN.replace(' mark=0', ' zone-reply=7 mark=0')],
  ])('%s is another one', (_, other) => expect(flowOf(other)).not.toBe(flowOf(SYN)));

  test('two pings are told apart by their id', () => {
    const ping = (id: number) =>
      `icmp     1 29 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=${id} src=10.0.0.2 dst=10.0.0.1`;
    expect(flowOf(ping(1))).not.toBe(flowOf(ping(2)));
  });
});
