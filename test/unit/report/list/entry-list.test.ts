import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Entry, STATES, type Tuple } from '../../../../src/report/list/entry.ts';
import { parseEntries } from '../../../../src/report/list/entry-list.ts';

const FIXTURES = join(__dirname, '../../../../fixtures');

function tupleOf({ ipv6, source, destination, sourcePort, destinationPort }: Tuple): readonly unknown[] {
  const words = (address: Int32Array) =>
    Array.from(address.slice(0, ipv6 ? 4 : 1), (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  return [words(source), sourcePort, words(destination), destinationPort];
}

function plain({ protocol, state, seconds, unreplied, assured, offloaded, original, reply }: Entry) {
  const flags = [unreplied && 'unreplied', assured && 'assured', offloaded && 'offloaded'].filter(Boolean).join(' ');
  return [protocol, STATES[state], seconds, flags, ...tupleOf(original), ...tupleOf(reply)];
}

function parse(text: string, start = 0, end = text.length) {
  const entries: unknown[] = [];
  const unknown = parseEntries(Buffer.from(text, 'latin1'), start, end, (entry) => entries.push(plain(entry)));
  return { entries, unknown };
}

const [A, B] = ['0a000001', '0a000002'];
const LONG = '20010db8000000000000000000000001';

// TCP, SCTP and DCCP states, as nf_conntrack_proto_tcp.c, _sctp.c and _dccp.c print them.
test.each([
  ...['NONE', 'SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'FIN_WAIT', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT', 'CLOSE'],
  ...['SYN_SENT2', 'LISTEN'],
  ...['CLOSED', 'COOKIE_WAIT', 'COOKIE_ECHOED', 'SHUTDOWN_SENT', 'SHUTDOWN_RECD', 'SHUTDOWN_ACK_SENT'],
  ...['HEARTBEAT_SENT', 'HEARTBEAT_ACKED'],
  ...['REQUEST', 'RESPOND', 'PARTOPEN', 'OPEN', 'CLOSEREQ', 'CLOSING', 'TIMEWAIT'],
])('reads a state the kernel prints: %s', (state) => {
  const tuple = 'src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2';
  const { entries, unknown } = parse(`ipv4     2 tcp      6 9 ${state} ${tuple} ${tuple} mark=0 use=2\n`);
  expect([entries, unknown]).toEqual([[[6, state, 9, '', A, 1, B, 2, A, 1, B, 2]], 0]);
});

describe('every form of a line is read', () => {
  test.each<[string, string, readonly unknown[]]>([
    [
      'TCP with its state',
      'ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1001 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1001 [ASSURED] mark=0 zone=0 use=2',
      [6, 'ESTABLISHED', 431999, 'assured', A, 1001, B, 80, B, 80, A, 1001],
    ],
    [
      'a zone before the flag',
      'ipv4     2 udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=54 dport=53 zone-orig=7 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=53 dport=54 mark=0 use=2',
      [17, '', 29, 'unreplied', A, 54, B, 53, B, 53, A, 54],
    ],
    [
      'ICMP with counters',
      'ipv4     2 icmp     1 28 src=127.0.0.1 dst=127.0.0.1 type=8 code=0 id=21007 packets=1 bytes=84 src=127.0.0.1 dst=127.0.0.1 type=0 code=0 id=21007 packets=1 bytes=84 mark=0 zone=0 delta-time=1 use=2',
      [1, '', 28, '', '7f000001', -1, '7f000001', -1, '7f000001', -1, '7f000001', -1],
    ],
    [
      'GRE, with commas and keys',
      'ipv4     2 gre      47 29 timeout=0, stream_timeout=0 src=10.0.0.1 dst=10.0.0.2 srckey=0xa dstkey=0x14 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 srckey=0x14 dstkey=0xa mark=0 zone=0 use=2',
      [47, '', 29, 'unreplied', A, -1, B, -1, B, -1, A, -1],
    ],
    [
      'SCTP',
      'ipv4     2 sctp     132 209 HEARTBEAT_SENT src=10.0.0.1 dst=10.0.0.2 sport=5 dport=6 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=6 dport=5 mark=0 zone=0 use=2',
      [132, 'HEARTBEAT_SENT', 209, 'unreplied', A, 5, B, 6, B, 6, A, 5],
    ],
    [
      'a protocol without a name',
      'ipv4     2 unknown  50 599 src=10.0.0.1 dst=10.0.0.2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 mark=0 zone=0 use=2',
      [50, '', 599, 'unreplied', A, -1, B, -1, B, -1, A, -1],
    ],
    [
      'IPv6 in full',
      'ipv6     10 icmpv6   58 29 src=2001:0db8:0000:0000:0000:0000:0000:0001 dst=2001:0db8:0000:0000:0000:0000:0000:0002 type=128 code=0 id=77 [UNREPLIED] src=2001:0db8:0000:0000:0000:0000:0000:0002 dst=2001:0db8:0000:0000:0000:0000:0000:0001 type=129 code=0 id=77 mark=0 zone=0 use=2',
      [58, '', 29, 'unreplied', LONG, -1, LONG.replace(/1$/, '2'), -1, LONG.replace(/1$/, '2'), -1, LONG, -1],
    ],
    [
      'offloaded, without a timeout or state',
      'ipv4     2 tcp      6 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 packets=1 bytes=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 packets=3 bytes=4 [OFFLOAD] mark=0 zone=0 use=3',
      [6, '', -1, 'offloaded', A, 1, B, 2, B, 2, A, 1],
    ],
    [
      'offloaded to hardware',
      'ipv4     2 udp      17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 [HW_OFFLOAD] mark=0 use=3',
      [17, '', -1, 'offloaded', A, 1, B, 2, B, 2, A, 1],
    ],
    [
      'ip_conntrack: no family, a trailing blank',
      'tcp      6 117 SYN_SENT src=10.0.0.1 dst=10.0.0.2 sport=1 dport=22 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=22 dport=1 use=2 ',
      [6, 'SYN_SENT', 117, 'unreplied', A, 1, B, 22, B, 22, A, 1],
    ],
    [
      'source and destination NAT',
      'tcp      6 9 TIME_WAIT src=10.0.0.1 dst=192.0.2.1 sport=1 dport=80 src=10.0.0.2 dst=203.0.113.7 sport=8080 dport=61000 [ASSURED] use=2',
      [6, 'TIME_WAIT', 9, 'assured', A, 1, 'c0000201', 80, B, 8080, 'cb007107', 61000],
    ],
    [
      'an unknown state, a family of two words, a carriage return',
      'ipv4     2 tcp      6 9 STRANGE src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 use=2\r',
      [6, '', 9, '', A, 1, B, 2, B, 2, A, 1],
    ],
    [
      'single blanks',
      'tcp 6 9 CLOSE src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 use=2',
      [6, 'CLOSE', 9, '', A, 1, B, 2, B, 2, A, 1],
    ],
    [
      'cut off after the second tuple',
      'udp      17 9 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=65535',
      [17, '', 9, '', A, 1, B, 2, B, 2, A, 65535],
    ],
  ])('%s', (_, line, expected) => {
    for (const text of [line, `${line}\n`, `\n${line}\n\n`]) {
      const { entries, unknown } = parse(text);
      expect(entries).toEqual([expected]);
      expect(unknown).toBe(0);
    }
  });

  test.each([
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['2001:db8::', `20010db8${'0'.repeat(24)}`],
    ['2001:db8:0:1::2', '20010db8000000010000000000000002'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['::192.0.2.1', '000000000000000000000000c0000201'],
    ['64:ff9b::10.255.0.9', '0064ff9b00000000000000000aff0009'],
  ])('compressed IPv6: %s', (address, expected) => {
    const there = `src=${address} dst=2001:db8::1 sport=1 dport=2`;
    const back = `src=2001:db8::1 dst=${address} sport=2 dport=1`;
    const { entries } = parse(`udp 17 9 ${there} ${back} use=1`);
    expect(entries).toEqual([[17, '', 9, '', expected, 1, LONG, 2, LONG, 2, expected, 1]]);
  });
});

describe('lines that are not entries are counted', () => {
  const GOOD = 'udp 17 9 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 use=1';
  test.each([
    'conntrack v1.4.7 (conntrack-tools): 20 flow entries have been shown.',
    'abc',
    'src=10.0.0.1 dst=10.0.0.2',
    'udp 17 9 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2',
    'udp 17 9 src=10.0.0.1 dst=2001:db8::1 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1',
    'udp 17 9 src=10.0.0 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1',
    'udp 17 9 src=10.0.0.1.5 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1',
    'udp 17 9 src=1:2:3:4:5:6:7:8:9 dst=::1 src=::1 dst=::1',
    'udp 17 9 src=12345::1 dst=::1 src=::1 dst=::1',
    'udp 17 9 src=1::2::3 dst=::1 src=::1 dst=::1',
    'udp 17 9 src=::1.2.3 dst=::1 src=::1 dst=::1',
    'udp 17 9 src=1:2:3:4:5:6:7::1.2.3.4 dst=::1 src=::1 dst=::1',
    `nf_conntrack:ipv4     2 ${GOOD}`,
    `"ipv4     2 ${GOOD}`,
    `Nov 25 fw1 x: ipv4     2 ${GOOD}`,
    `\u00ef\u00bb\u00bfipv4     2 ${GOOD}`,
    'udp 900 9 src=10.0.0.1 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1',
    'udp x 9 src=10.0.0.1 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1',
    'udp 17 9 src= dst= src= dst=',
    'udp 17 9 src=10.0.0.1',
    'udp 17 2147483648 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1',
    'udp 17 9 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=70000 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1',
    'udp 17 9 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=65536 dport=1',
    'udp 17 9 src=10.0.0.300 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1',
  ])('%j', (line) => {
    const { entries, unknown } = parse(`${GOOD}\n${line}\n${GOOD}\n`);
    expect([entries.length, unknown]).toEqual([2, 1]);
  });

  test.each([
    ['10.0.0.1', '10,0.0.1'],
    ['10.0.0.1', '10.0.0.a'],
    ['10.0.0.1', '10.0.0:1'],
    ['10.0.0.1', '10.0.0.1x'],
    ['10.0.0.1', '10.0.0./'],
    ['10.0.0.1', '10..0.1'],
    ['10.0.0.1', '10.0.0.256'],
    ['src=', 'srx='],
    ['src=', 'sxc='],
    ['dst=', 'dsx='],
    ['dst=', 'dxt='],
    ['dst=', 'xst='],
    [' dst=', '_dst='],
    ['udp 17', 'udp 256'],
    ['udp 17', 'udp -1'],
  ])('%j is not %j', (right, wrong) => {
    expect(parse(GOOD)).toMatchObject({ unknown: 0 });
    expect(parse(GOOD.replace(right, wrong))).toEqual({ entries: [], unknown: 1 });
  });

  test.each(['1:2:3:4:5:6:7', ':1::2', '1:::2', '::1x', 'g::1', '::g', '1:2:3:4:5:6:7:1.2.3.4', '1::2:3:4:5:6:7:8:9'])(
    'not an address: %s',
    (address) => {
      const there = `src=${address} dst=::1 sport=1 dport=2`;
      const back = `src=::1 dst=::2 sport=2 dport=1`;
      expect(parse(`udp 17 9 src=::2 dst=::1 sport=1 dport=2 ${back}`).unknown).toBe(0);
      expect(parse(`udp 17 9 ${there} ${back}`)).toEqual({ entries: [], unknown: 1 });
    },
  );

  test('protocol numbers go up to 255', () => {
    expect(parse(GOOD.replace('udp 17', 'unknown 255')).entries).toHaveLength(1);
  });

  test('no field of an entry carries over to the next', () => {
    const six =
      'tcp 6 9 CLOSE src=::1 dst=::2 sport=1 dport=2 src=::2 dst=::1 sport=2 dport=1 [ASSURED] [OFFLOAD] use=1';
    const bare = 'icmp 1 9 src=10.0.0.1 dst=10.0.0.2 type=8 src=10.0.0.2 dst=10.0.0.1 type=0 use=1';
    const all = [six, GOOD.replace('sport=1 dport=2', 'sport=1 dport=2 [UNREPLIED]'), bare];
    const { entries } = parse(all.join('\n'));
    expect(entries).toEqual(all.flatMap((line) => parse(line).entries));
  });

  test('arbitrary bytes: every line is either an entry or unknown', () => {
    const words = [
      'ipv4 ',
      '2 ',
      'tcp ',
      '6 ',
      '9 ',
      'src=',
      'dst=',
      'sport=',
      '10.0.0.1',
      '::1',
      ' ',
      '[ASSURED] ',
      '\n',
      '\r',
    ];
    const texts = fc.oneof(
      fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 60 }).map((parts) => parts.join('')),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = Buffer.from(text, 'utf8');
        const lines = bytes
          .toString('latin1')
          .split('\n')
          .filter((line) => /[^\0-\x20]/.test(line)).length;
        let entries = 0;
        const unknown = parseEntries(bytes, 0, bytes.length, () => {
          entries += 1;
        });
        expect(entries + unknown).toBe(lines);
      }),
    );
  });
});

test('only lines between start and end are read', () => {
  const line = 'udp 17 9 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 use=1\n';
  expect(parse(line.repeat(3), line.length, 2 * line.length).entries).toHaveLength(1);
});

test('every state has a number of its own', () => {
  for (const [at, state] of STATES.entries()) {
    if (state === '') continue;
    const line = `tcp 6 9 ${state} src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1`;
    expect(parse(line).entries[0]).toEqual(expect.arrayContaining([6, STATES[at]]));
  }
});

test("the kernel's list and conntrack(8)'s lists of one table give the same entries", () => {
  const lists = ['nf_conntrack', 'conntrack-L', 'conntrack-L-extended'].map((name) =>
    parse(readFileSync(join(FIXTURES, `entries-${name}-capture`), 'latin1')),
  );
  const [first] = lists;
  expect(first?.entries).toHaveLength(20);
  for (const { entries, unknown } of lists) {
    expect(unknown).toBe(0);
    expect(entries.map(String).sort()).toEqual(first?.entries.map(String).sort());
  }
});
