// Facts of a report: when the limit was lowered, which end of the entries is the service, and entries that lead to
// an address that no longer answers.

import { expect, test } from 'vitest';
import { scratch } from '../e2e/support/tree.ts';
import {
  inside,
  limitTo,
  pluginInside,
  processInside,
  sendDatagrams,
  toolCount,
  trackingNamespace,
  withoutOthers,
} from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { background, done } from './stage.ts';
import { answerOf, EXECUTABLES, report, STANDALONE, type } from './told.ts';

const PARTS = [STANDALONE, '/usr/sbin/nft', '/usr/sbin/conntrack', '/usr/bin/python3'];

liveSuite('a limit that was lowered under load', PARTS, () => {
  test('line 1 and the report say from which limit, to which, and when', async () => {
    const [name, state] = [trackingNamespace(), scratch()];
    const pid = String(await processInside(name));
    limitTo(10_000);
    sendDatagrams(name, 300);
    pluginInside(name, '--state-dir', state);
    limitTo(250);
    expect(toolCount(name)).toBe(300);
    const check = pluginInside(name, '--state-dir', state, '-v');
    expect(check.stdout).toMatch(
      /table full: 300 of 250 entries \(120.0%\) in this network namespace, limit lowered from 10000 in the last [\d.]+ s/,
    );
    expect(check.stdout).toMatch(/\nlimit lowered from 10000 to 250 in the last [\d.]+ s\n/);
    const { message, incident } = await report('--pid', pid, '--state-dir', state);
    expect(message).toMatch(
      /is full: 300 of 250, nothing dropped now; the limit was lowered from 10,000 to 250 between \d\d:\d\d:\d\d and \d\d/,
    );
    expect(incident.namespaces[0]).toMatchObject({ limit_lowered: { limit_before: 10_000, limit_after: 250 } });
  });
});

/** Answers each datagram to port 53. */
const RESPONDER = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 53))
print(flush=True)
while True: s.sendto(b'y', s.recvfrom(9)[1])
`;

/** Sends from one port after the other to an address; prints how many got a reply. */
const CLIENT = `
import socket, sys
target, port, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
replied = 0
for each in range(count):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.02)
    s.bind(('', first + each))
    s.sendto(b'x', (target, port))
    try:
        s.recv(9)
        replied += 1
    except OSError: pass
    s.close()
print(replied)
`;

function clientOf(namespace: string, target: string, port: number, first: number, count: number): number {
  const { stdout, stderr } = inside(
    namespace,
    ...['python3', '-c', CLIENT, target, String(port), String(first), String(count)],
  );
  expect(stderr).toBe('');
  return Number(stdout);
}

liveSuite('a service whose requests alone are not tracked', PARTS, () => {
  test('the list shows the source port, and that the entries have no reply', async () => {
    const name = trackingNamespace();
    const chains = ['prerouting', 'output'].map((hook) => {
      return `chain ${hook} { type filter hook ${hook} priority -300; udp dport 53 notrack; }`;
    });
    done(inside(name, 'nft', `table ip requests {\n${chains.join('\n')}\n}`));
    await background(name, 'python3', '-u', '-c', RESPONDER);
    expect(clientOf(name, '127.0.0.1', 53, 40_000, 200)).toBe(200);
    expect(toolCount(name)).toBe(200);
    const pid = String(await processInside(name));
    const { list } = await report('--pid', pid);
    expect(list).toMatchObject({ unreplied: 200, source_ports: { top: [{ protocol: 17, port: 53, entries: 200 }] } });
    for (const run of EXECUTABLES) {
      const { stdout } = await answerOf(withoutOthers(...run, 'report', '--interval', '0.2', '--pid', pid));
      expect(stdout.replace(/\s+/g, ' ')).toContain('Source ports udp 53 200 100.0% These entries have no reply.');
    }
  });
});

liveSuite('an endpoint of UDP that moved', PARTS, () => {
  test('entries lead to the address of before until they are removed', async () => {
    const name = trackingNamespace();
    done(inside(name, 'ip', 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far'));
    for (const device of ['near', 'far']) done(inside(name, 'ip', 'link', 'set', device, 'up'));
    done(inside(name, 'ip', 'addr', 'add', '10.77.0.1/24', 'dev', 'near'));
    done(inside(name, 'ip', 'route', 'add', 'default', 'dev', 'near'));
    done(inside(name, 'nft', 'add table ip nat; add chain ip nat out { type nat hook output priority -100; }'));
    const leadTo = (address: string) => {
      done(inside(name, 'nft', 'flush chain ip nat out'));
      done(inside(name, 'nft', `add rule ip nat out ip daddr 10.96.0.10 udp dport 53 dnat to ${address}:53`));
    };
    leadTo('10.77.0.7');
    expect(clientOf(name, '10.96.0.10', 53, 40_000, 25)).toBe(0);
    leadTo('127.0.0.1');
    done(inside(name, 'sysctl', '-q', '-w', 'net.ipv4.conf.all.route_localnet=1'));
    await background(name, 'python3', '-u', '-c', RESPONDER);
    // A new flow gets a reply, and one with an entry none.
    expect(clientOf(name, '10.96.0.10', 53, 41_000, 5)).toBe(5);
    expect(clientOf(name, '10.96.0.10', 53, 40_000, 25)).toBe(0);
    const pid = String(await processInside(name));
    const { message, incident } = await report('--pid', pid);
    const words =
      '25 UDP entries lead from 10.96.0.10 port 53 to 10.77.0.7 port 53, which no rule names and which does not answer ARP';
    const [lead] = incident.elsewhere;
    expect(lead).toMatchObject({ kind: 'stale_dnat', state: 'warning', text: words });
    expect(message).toContain(words);
    type(lead?.commands ?? []);
    // Packets that wait for ARP keep their entries for up to 3 s.
    await expect.poll(() => toolCount(name), { timeout: 10_000 }).toBe(5);
    expect(clientOf(name, '10.96.0.10', 53, 40_000, 25)).toBe(25);
  });
});

liveSuite('bridged traffic', [...PARTS, '/proc/sys/net/bridge/bridge-nf-call-iptables'], () => {
  test('is named if nothing else can have filled the table, and the command ends it', async () => {
    const [bridge, left, right] = [trackingNamespace(), trackingNamespace(), trackingNamespace()];
    done(inside(bridge, 'ip', 'link', 'add', 'br0', 'type', 'bridge'));
    done(inside(bridge, 'ip', 'link', 'set', 'br0', 'up'));
    for (const [namespace, device, address] of [
      [left, 'port1', '10.5.0.1/24'],
      [right, 'port2', '10.5.0.2/24'],
    ] as const) {
      done(inside(namespace, 'nft', 'flush ruleset'));
      const peer = ['peer', 'name', device, 'netns', bridge];
      done(inside(namespace, 'ip', 'link', 'add', 'eth', 'type', 'veth', ...peer));
      done(inside(namespace, 'ip', 'addr', 'add', address, 'dev', 'eth'));
      done(inside(namespace, 'ip', 'link', 'set', 'eth', 'up'));
      done(inside(bridge, 'ip', 'link', 'set', device, 'master', 'br0', 'up'));
    }
    done(inside(bridge, 'sysctl', '-q', '-w', 'net.bridge.bridge-nf-call-iptables=1', 'net.ipv4.ip_forward=0'));
    limitTo(250);
    clientOf(left, '10.5.0.2', 9, 40_000, 220);
    expect(toolCount(bridge)).toBeGreaterThanOrEqual(220);
    const pid = String(await processInside(bridge));
    const { incident } = await report('--pid', pid);
    const lead = incident.elsewhere.find(({ kind }) => kind === 'bridged');
    expect(lead?.text).toMatch(/^at least (?:99|100)[.\d]*% of the entries are likely bridged traffic/);
    type(lead?.commands.slice(0, 1) ?? []);
    inside(bridge, 'conntrack', '-F');
    clientOf(left, '10.5.0.2', 9, 41_000, 20);
    expect(toolCount(bridge)).toBe(0);
  });
});
