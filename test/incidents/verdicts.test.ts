// Verdicts that are as certain as their evidence: NAT that has used up a range of ports, and what is over. The truth is the
// number of packets that could not be sent, and the kernel's own counters.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { command } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { eventually } from '../live/daemon.ts';
import {
  inside,
  limitTo,
  pluginInside,
  processInside,
  sendDatagrams,
  toolCount,
  toolCounter,
  trackingNamespace,
  withoutOthers,
} from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { background } from './stage.ts';
import { answerOf, EXECUTABLES, kinds, type Report, report, reportBy, STANDALONE } from './told.ts';

const PARTS = [STANDALONE, '/usr/sbin/nft', '/usr/sbin/conntrack', '/usr/bin/python3', '/dev/kmsg'];

/**
 * Sends datagrams in rounds from one source port after the other, of one address after the other; prints how many could
 * not be sent in the first round, and goes on with that many seconds between rounds, or ends.
 */
const SENDER = `
import socket, sys, time
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
sources, target, port = sys.argv[1].split(','), sys.argv[2], int(sys.argv[3])
first, count, pause = int(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6])
while True:
    lost = 0
    for source in sources:
        for each in range(count):
            s = socket.socket(family, socket.SOCK_DGRAM)
            s.bind((source, first + each))
            try: s.sendto(b'x', (target, port))
            except OSError: lost += 1
            s.close()
    print(lost, flush=True)
    if pause == 0: break
    time.sleep(pause)
`;

/** nf_nat_core.c looks for a port at random in a range of more than 128 (NF_NAT_MAX_ATTEMPTS), and misses the last free ones. */
const SEARCHED_WHOLE = 'snat to 127.0.0.1:1000-1099';

interface Sent {
  readonly from?: string;
  readonly to?: string;
  readonly port: number;
  readonly first: number;
  readonly count: number;
}

function sender({ from = '127.0.0.2', to = '127.0.0.1', port, first, count }: Sent, seconds: number) {
  return [
    'python3',
    '-u',
    '-c',
    SENDER,
    from,
    to,
    String(port),
    String(first),
    String(count),
    String(seconds),
  ] as const;
}

/** How many could not be sent. */
function lostOf(namespace: string, sent: Sent): number {
  const { stdout, stderr } = inside(namespace, ...sender(sent, 0));
  expect(stderr).toBe('');
  return Number(stdout);
}

/** A namespace with these rules of source NAT, whose entries stay. */
function natNamespace(family: 'ip' | 'ip6', ...rules: readonly string[]): string {
  const name = trackingNamespace();
  const chain = `chain post { type nat hook postrouting priority 100; ${rules.join('; ')}; }`;
  expect(inside(name, 'nft', `table ${family} nat {\n${chain}\n}`)).toMatchObject({ status: 0, stderr: '' });
  expect(inside(name, 'sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_udp_timeout=120')).toMatchObject({ status: 0 });
  return name;
}

/** The report while the sender goes on to lose packets. */
async function whileLosing(namespace: string, sent: Sent): Promise<Report> {
  const pid = String(await processInside(namespace));
  await background(namespace, ...sender(sent, 0.05));
  return report('--pid', pid);
}

function expectExhausted({ state, message, incident, ...rest }: Report, words: string): void {
  expect([state, incident.trouble, message]).toEqual(['critical', 'clashing', expect.stringContaining(words)]);
  expect(kinds({ state, message, incident, ...rest })).toEqual(['nat_ports']);
}

liveSuite('NAT without a free port', PARTS, () => {
  test('a small range that is used up, next to thousands of healthy translations', async () => {
    const name = natNamespace('ip', `udp dport 9 ${SEARCHED_WHOLE}`, 'udp dport 10-19 snat to 127.0.0.1');
    for (let port = 10; port < 14; port++) expect(lostOf(name, { port, first: 20_000, count: 1200 })).toBe(0);
    expect(lostOf(name, { port: 9, first: 20_000, count: 120 })).toBe(20);
    const found = await whileLosing(name, { port: 9, first: 30_000, count: 50 });
    expectExhausted(found, 'NAT has no port left towards udp 127.0.0.1 port 9 (100 of 100 taken)');
    expect(found.list.entries).toBeGreaterThan(4800);
  });

  test('source ports below 1024, which are translated to 600-1023 alone', async () => {
    const name = natNamespace('ip', 'udp dport 9 snat to 127.0.0.1');
    expect(lostOf(name, { port: 9, first: 600, count: 424 })).toBe(0);
    const from = '127.0.0.3';
    expect(lostOf(name, { from, port: 9, first: 700, count: 30 })).toBe(30);
    const found = await whileLosing(name, { from, port: 9, first: 700, count: 30 });
    expectExhausted(found, 'NAT has no port left towards udp 127.0.0.1 port 9 (424 of 424 taken)');
  });

  test('all ports towards one destination, in a list that the standalone executable samples', async () => {
    limitTo(300_000);
    const name = natNamespace('ip', 'udp dport 9 snat to 127.0.0.1');
    loadTranslated(name, 64_512, 20_000);
    expect(toolCount(name)).toBe(84_512);
    expect(lostOf(name, { port: 9, first: 20_000, count: 30 })).toBe(30);
    const found = await whileLosing(name, { port: 9, first: 20_000, count: 30 });
    expectExhausted(found, 'NAT has no port left towards udp 127.0.0.1 port 9 (64,512 of 64,512 taken)');
  });

  test('the second of two ranges', async () => {
    const name = natNamespace(
      'ip',
      'udp dport 9 ip saddr 127.0.0.2 snat to 127.0.0.1:1000-1099',
      'udp dport 9 ip saddr 127.0.0.3 snat to 127.0.0.1:2000-2099',
    );
    expect(lostOf(name, { from: '127.0.0.2', port: 9, first: 20_000, count: 40 })).toBe(0);
    expect(lostOf(name, { from: '127.0.0.3', port: 9, first: 20_000, count: 110 })).toBe(10);
    const found = await whileLosing(name, { from: '127.0.0.3', port: 9, first: 30_000, count: 30 });
    expectExhausted(found, 'NAT has no port left towards udp 127.0.0.1 port 9 (100 of 100 taken)');
  });

  test('IPv6', async () => {
    const name = natNamespace('ip6', 'udp dport 9 snat to [::1]:1000-1099');
    const over6 = { from: '::1', to: '::1', port: 9 };
    expect(lostOf(name, { ...over6, first: 20_000, count: 110 })).toBe(10);
    const found = await whileLosing(name, { ...over6, first: 30_000, count: 30 });
    expectExhausted(found, 'NAT has no port left towards udp ::1 port 9 (100 of 100 taken)');
  });

  test('a full table and no free port: both, each with its own rate', async () => {
    const name = natNamespace('ip', 'udp dport 9 snat to 127.0.0.1:1000-1099');
    const pid = String(await processInside(name));
    expect(lostOf(name, { port: 9, first: 20_000, count: 110 })).toBe(10);
    // A full table drops a packet before NAT looks for a port, so that each loss has its turn.
    limitTo(10_000);
    const turns = 'while :; do echo 50 >$0; sleep 0.1; echo 10000 >$0; sleep 0.05; done';
    await processInside(undefined, ['sh', '-c', turns, '/proc/sys/net/netfilter/nf_conntrack_max'], 'sh');
    await background(name, ...sender({ port: 9, first: 30_000, count: 30 }, 0.01));
    const { message } = await report('--pid', pid);
    expect(message).toMatch(/losing [\d,]+ packets\/s, and [\d,]+\/s to clashes; NAT has no port left towards udp/);
  });
});

/** Towards port 9 of 127.0.0.1, from each of the ports that the kernel chooses from; and entries of others. */
function loadTranslated(namespace: string, count: number, others: number): void {
  const line = (source: string, port: number, target: string, reply: number) =>
    `-A -t 600 -p udp -s ${source} -d ${target} --sport ${port} --dport 9 -r ${target} -q 127.0.0.1 --reply-port-src 9 --reply-port-dst ${reply}\n`;
  const taken = Array.from({ length: count }, (_, at) => line('127.0.0.9', 1024 + at, '127.0.0.1', 1024 + at));
  const healthy = Array.from({ length: others }, (_, at) => {
    return line('127.0.0.9', 1024 + at, `192.0.2.${1 + (at % 200)}`, 1024 + at);
  });
  const list = join(scratch(), 'translated');
  writeFileSync(list, [...taken, ...healthy].join(''));
  expect(inside(namespace, 'conntrack', '-R', list)).toMatchObject({ status: 0 });
}

liveSuite('NAT exhaustion that has stopped', PARTS, () => {
  test('while the ports are taken it is not acquitted, and the check knows when it was', async () => {
    const name = natNamespace('ip', 'udp dport 9 snat to 127.0.0.1:1000-1499');
    const state = scratch();
    const pid = String(await processInside(name));
    pluginInside(name, '--state-dir', state);
    const lost = lostOf(name, { port: 9, first: 20_000, count: 4501 });
    expect(lost).toBe(4001);
    expect(toolCounter(name, 'insert_failed')).toBe(lost);
    const now = await report('--pid', pid);
    expect([now.state, now.incident.trouble]).toEqual(['warning', 'nat_exhausted']);
    expect(now.message).toContain('NAT has no port left towards udp 127.0.0.1 port 9 (500 of 500 taken)');
    expect(now.message).toContain('4,001 lost to clashes since boot; nothing now');
    expect(kinds(now)).toEqual(['nat_ports']);
    pluginInside(name, '--state-dir', state);
    const known = await report('--pid', pid, '--state-dir', state);
    expect(known.message).toMatch(/4,001 packets were lost to clashes between \d\d:\d\d:\d\d and \d\d:\d\d:\d\d/);
  });

  test('the ports are free again: unknown whether recently, or known by the samples of the check', async () => {
    const name = natNamespace('ip', `udp dport 9 ${SEARCHED_WHOLE}`);
    const state = scratch();
    await processInside(name);
    pluginInside(name, '--state-dir', state);
    expect(lostOf(name, { port: 9, first: 20_000, count: 120 })).toBe(20);
    pluginInside(name, '--state-dir', state);
    inside(name, 'conntrack', '-F');
    const alone = (...args: readonly string[]) =>
      reportBy((run) => ['ip', 'netns', 'exec', name, ...withoutOthers(...run, 'report', '--format', 'json', ...args)]);
    const unknown = await alone();
    expect(unknown.message).not.toContain('not the problem');
    const known = await alone('--state-dir', state);
    expect(known.incident.trouble).toBe('was_losing');
    expect(known.message).toContain('20 packets were lost to clashes between ');
  });
});

/** The kernel logs at most ten lines in five seconds, for all tables and everything else that shares this rate limit. */
const QUIET = 5100;

liveSuite('what the list shows', PARTS, () => {
  test('a timeout that a policy of the rules sets, and an address by the namespace that has it', async () => {
    const name = trackingNamespace();
    const policy = 'ct timeout slow {\nprotocol udp\nl3proto ip\npolicy = { unreplied : 3600, replied : 7200 }\n}';
    const chain = 'chain out {\ntype filter hook output priority -150\nudp dport 9 ct timeout set "slow"\n}';
    inside(name, 'ip', 'addr', 'add', '198.51.100.77/32', 'dev', 'lo');
    expect(inside(name, 'nft', `table ip slow {\n${policy}\n${chain}\n}`)).toMatchObject({ status: 0, stderr: '' });
    expect(lostOf(name, { from: '198.51.100.77', to: '198.51.100.77', port: 9, first: 20_000, count: 50 })).toBe(0);
    const left = Number(/^ipv4 +2 udp +17 (\d+) /.exec(inside(name, 'cat', '/proc/net/nf_conntrack').stdout)?.[1]);
    expect(left).toBeGreaterThan(3500);
    const pid = String(await processInside(name));
    const { owners } = (await report('--pid', pid)).list;
    expect(owners).toMatchObject([{ address: '198.51.100.77', namespace: { pid: Number(pid), command: 'sleep' } }]);
    for (const run of EXECUTABLES) {
      const { stdout } = await answerOf(withoutOthers(...run, 'report', '--interval', '0.2', '--pid', pid));
      const text = stdout.replace(/\s+/g, ' ');
      expect(text).toMatch(/ udp_timeout \(at least (60 min|35\d\d s)\) 50 100\.0%/);
      expect(text).toContain('left: the rules set 60 min (ct timeout slow).');
      expect(text).toContain(` 198.51.100.77 is namespace of sleep (pid ${pid}, netns ${name}). `);
    }
  });
});

/** Fills a table until the kernel has logged that it was full. Gives N of its net:[N]. */
async function overflow(name: string): Promise<string> {
  const number = numberOf(name);
  const lines = () => command('dmesg', []).stdout.split(`table full in netns ${number},`).length;
  const before = lines();
  do {
    await pause(QUIET);
    limitTo(40);
    sendDatagrams(name, 400);
  } while (lines() === before);
  inside(name, 'conntrack', '-F');
  limitTo(10_000);
  return number;
}

function numberOf(name: string): string {
  return inside(name, 'readlink', '/proc/self/ns/net').stdout.replace(/\D/g, '');
}

describe('trouble that is over', () => {
  liveSuite('a namespace without a process', PARTS, () => {
    test('does not inherit the log lines of the one that had its number', async () => {
      const gone = trackingNamespace();
      const number = await overflow(gone);
      command('ip', ['netns', 'del', gone]);
      const next = await eventually(() => [trackingNamespace()].find((made) => numberOf(made) === number));
      const { message } = await report();
      expect(message).toContain(`the table of net:[${number}], which is gone, was full `);
      expect(message).not.toContain(`the table of namespace ${next}`);
    });
  });

  liveSuite('a namespace that is gone, and a rule that drops packets now', PARTS, () => {
    test('the rule comes first; the namespace is a note', async () => {
      const gone = trackingNamespace();
      const number = await overflow(gone);
      command('ip', ['netns', 'del', gone]);
      const name = trackingNamespace();
      await processInside(name);
      inside(name, 'nft', 'add table inet fw; add chain inet fw in { type filter hook input priority 0; }');
      inside(name, 'nft', 'add rule inet fw in ct state invalid counter drop');
      await background(name, 'python3', '-u', '-c', STRAYS);
      const { message, incident } = await report();
      expect(incident.trouble).toBe('elsewhere');
      expect(message).toMatch(/^[\d,]+ invalid packets\/s are counted in namespace of /);
      expect(message).toContain(`the table of net:[${number}], which is gone, was full `);
      for (const run of EXECUTABLES) {
        const { stdout } = await answerOf(withoutOthers(...run, 'report'));
        expect(stdout).not.toContain('it is over');
      }
    });
  });
});

/** Acknowledgements that belong to no connection: 500 a second. */
const STRAYS = `
import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
def stray(port):
    a = socket.inet_aton('127.0.0.1')
    tcp = struct.pack('!HHIIBBHHH', port, 80, 1, 1, 5 << 4, 0x29, 512, 0, 0)
    tcp = tcp[:16] + struct.pack('!H', checksum(a + a + struct.pack('!BBH', 0, 6, 20) + tcp)) + tcp[18:]
    return struct.pack('!BBHHHBBH4s4s', 0x45, 0, 40, 0, 0, 64, 6, 0, a, a) + tcp
print(flush=True)
at = 0
while True:
    at += 1
    s.sendto(stray(1024 + at % 60000), ('127.0.0.1', 0))
    time.sleep(0.002)
`;

liveSuite('what changes while the report looks', PARTS, () => {
  test('a list whose entries come and go: ports are counted once, and nothing is denied that is there', async () => {
    const name = natNamespace('ip', 'udp dport 9 snat to 127.0.0.1:1000-1099', 'udp dport 10 snat to 127.0.0.1');
    expect(lostOf(name, { port: 9, first: 20_000, count: 110 })).toBe(10);
    await background(name, 'sh', '-c', 'echo; while :; do conntrack -D -p udp --dport 10 >/dev/null 2>&1; done');
    await background(name, ...sender({ port: 10, first: 20_000, count: 2000 }, 0.01));
    const found = await whileLosing(name, { port: 9, first: 30_000, count: 30 });
    expectExhausted(found, 'NAT has no port left towards udp 127.0.0.1 port 9 (100 of 100 taken)');
  });

  test('a namespace that ends during the report is no failure', async () => {
    for (const run of EXECUTABLES) {
      const name = trackingNamespace();
      sendDatagrams(name, 50);
      const answer = answerOf(withoutOthers(...run, 'report', '--interval', '2', '--format', 'json'));
      await pause(1000);
      command('ip', ['netns', 'del', name]);
      const { stdout, stderr } = await answer;
      expect(stderr).toBe('');
      expect(JSON.parse(stdout).report.incident.trouble).not.toBe('unread');
    }
  });
});
