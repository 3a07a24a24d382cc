// Packets that are lost although the table has room: NAT without a free port. Checked against the datagrams that the
// sender could not send, and the kernel's own counters.

import { expect, test } from 'vitest';
import { command } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import {
  holdConnections,
  inside,
  limitTo,
  NOBODY,
  pluginInside,
  processInside,
  sendDatagrams,
  toolCounter,
  trackingNamespace,
  withoutOthers,
} from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { background, settingsOf } from './stage.ts';
import { kinds, report, reportBy, STANDALONE, step, type } from './told.ts';

const PARTS = [STANDALONE, '/usr/sbin/nft', '/usr/sbin/conntrack', '/usr/bin/python3'];
const NAT = `table ip nat {
  chain post {
    type nat hook postrouting priority 100;
    udp dport 9 snat to 127.0.0.1:1000-1009
  }
}`;

/** Sends datagrams to port 9, each from the next port; prints the number that could not be sent. */
const SENDER = `
import socket, sys
lost = 0
for each in range(int(sys.argv[1])):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('127.0.0.1', int(sys.argv[2]) + each % 20000))
    try: s.sendto(b'x', ('127.0.0.1', 9))
    except OSError: lost += 1
    s.close()
print(lost)
`;

function natNamespace(): string {
  const name = trackingNamespace();
  inside(name, 'nft', NAT);
  return name;
}

let unused = 10_000;

/** Number of lost datagrams, each from a port that was not used before: a used port may have an entry. */
function lostOf(namespace: string, datagrams: number): number {
  const first = unused;
  unused += datagrams;
  return Number(inside(namespace, 'python3', '-c', SENDER, String(datagrams), String(first)).stdout);
}

liveSuite('packets lost to clashes', PARTS, () => {
  test('NAT has no port left: named as that, with the figures of the kernel, and not as a full table', () => {
    const name = natNamespace();
    const state = scratch();
    pluginInside(name, '--state-dir', state);
    const lost = lostOf(name, 200);
    expect(lost).toBe(190);
    const { stdout, status } = pluginInside(name, '--state-dir', state, '-c', 'drop_rate=0');
    expect(status).toBe(2);
    expect(stdout).toMatch(
      new RegExp(
        `^CONNTRACK CRITICAL - ${lost} packets lost to clashes \\(such as NAT without a free port\\) in the last `,
      ),
    );
    expect(toolCounter(name, 'insert_failed')).toBe(lost);
    const unasked = pluginInside(name, '--state-dir', state);
    expect(unasked).toMatchObject({ status: 0, stdout: expect.stringContaining(`, ${lost} packets lost to clashes `) });
    expect(pluginInside(name).stdout).toContain(`, since boot: ${lost} lost to clashes, `);
  });

  test('the advised commands give the ports back', async () => {
    const name = natNamespace();
    lostOf(name, 20);
    const sender = await background(name, 'python3', '-u', '-c', `print()\n${SENDER}`, '2000000', '30000');
    const { state, message, incident } = await report('--pid', String(await processInside(name)));
    sender.kill('SIGKILL');
    expect([state, incident.trouble]).toEqual(['critical', 'clashing']);
    expect(message).toContain('packets/s to clashes: NAT has no port left towards udp 127.0.0.1 port 9');
    const [advice] = incident.advice;
    expect(advice).toMatchObject({ kind: 'nat_ports' });
    expect(advice?.title).toContain(
      'of 127.0.0.1 10 of the 10 from 1000 to 1009 are in use towards udp 127.0.0.1 port 9',
    );
    expect(lostOf(name, 5)).toBe(5);
    const settings = settingsOf(name);
    for (const command of advice?.commands ?? [])
      expect(inside(name, 'sh', '-c', command)).toMatchObject({ status: 0 });
    expect(lostOf(name, 10)).toBe(0);
    const timeout = () => inside(name, 'sysctl', '-n', 'net.netfilter.nf_conntrack_udp_timeout').stdout.trim();
    expect(timeout()).toBe('10');
    type(advice?.undo ?? []);
    expect(timeout()).toBe('30');
    expect(settingsOf(name)).toBe(settings);
    expect(lostOf(name, 5)).toBe(5);
  });

  test('without root: the counters are shown, and nothing is changed', async () => {
    const name = natNamespace();
    await processInside(name);
    lostOf(name, 20);
    await background(name, 'python3', '-u', '-c', `print()\n${SENDER}`, '2000000', '40000');
    const told = await reportBy((run) => withoutOthers(...NOBODY, ...run, 'report', '--format', 'json'));
    expect([told.incident.trouble, kinds(told)]).toEqual(['clashing', ['clash']]);
    const settings = settingsOf(name);
    const [look = ''] = step(told, 'clash').commands;
    expect(command('/bin/sh', ['-c', look]).stdout).toMatch(/ insert_failed=[1-9]/);
    expect(step(told, 'clash').undo).toEqual([]);
    expect(settingsOf(name)).toBe(settings);
  });

  test('the list and the commands are those of the table that loses packets, not of a larger one', async () => {
    const [large, name] = [trackingNamespace(), natNamespace()];
    sendDatagrams(large, 400);
    const asked = [await processInside(large), await processInside(name)] as const;
    lostOf(name, 20);
    await background(name, 'python3', '-u', '-c', `print()\n${SENDER}`, '2000000', '40000');
    for (const line of [[], ['--pid', String(asked[1])]]) {
      const { incident, list } = await report(...line);
      expect(incident.trouble).toBe('clashing');
      expect(list.namespace.mount).toBe(`/run/netns/${name}`);
      for (const command of incident.advice.flatMap(({ commands }) => commands)) expect(command).not.toContain(large);
      expect(incident.advice.flatMap(({ commands }) => commands).join('\n')).toContain(`ip netns exec ${name} `);
    }
    // The requested namespace is healthy: the verdict is still about the one that loses packets.
    const { incident, list } = await report('--pid', String(asked[0]));
    expect([incident.trouble, list.namespace.mount]).toEqual(['clashing', `/run/netns/${large}`]);
  });

  test('NAT with free ports is not reported as exhausted', () => {
    const name = trackingNamespace();
    inside(name, 'nft', NAT.replace('1000-1009', '1000-1099'));
    lostOf(name, 20);
    expect(pluginInside(name, 'report', '--interval', '0.2').stdout).not.toContain('no port left');
  });
});

liveSuite('a table that is full, and NAT that is short', PARTS, () => {
  test('each packet is counted once, for its own reason', async () => {
    const name = natNamespace();
    // The kernel evicts none of these to make room.
    await holdConnections(name, 10);
    const state = scratch();
    pluginInside(name, '--state-dir', state);
    expect(lostOf(name, 60)).toBe(50);
    inside(name, 'conntrack', '-D', '-p', 'udp');
    limitTo(10);
    expect(lostOf(name, 30)).toBe(30);
    const { stdout } = pluginInside(name, '--state-dir', state, '--format', 'json');
    const { lost } = JSON.parse(stdout).losses;
    expect(lost).toMatchObject({ table_full: 30, clash: 50, long_chain: 0, table_full_or_clash: 0 });
  });
});
