// Tables filled by real floods: the report about them, and its commands, typed. Checked against the kernel's counters
// and the losses of the senders.

import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type Answer, command, RUN } from '../e2e/support/plugin.ts';
import {
  HASHSIZE,
  inside,
  keep,
  limitTo,
  NOBODY,
  processInside,
  toolCount,
  toolCounter,
  trackingNamespace,
  traffic,
  withoutOthers,
} from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { background, settingsOf } from './stage.ts';
import { FORMS, kinds, report, STANDALONE, step, type } from './told.ts';

const PARTS = [
  ...[STANDALONE, HASHSIZE, '/usr/sbin/conntrack', '/usr/sbin/iptables', '/usr/sbin/nft', '/usr/sbin/ip'],
  ...['/usr/bin/nsenter', '/usr/bin/setpriv'],
];

liveSuite('a full table', PARTS, () => {
  describe('a table that one process holds full', () => {
    test('verdict, culprit, rate and log; after the printed commands nothing is dropped', async () => {
      const namespace = trackingNamespace();
      keep(HASHSIZE);
      limitTo(2000);
      const pid = await traffic(namespace, 'spray');
      await untilDropping(namespace);
      const before = toolCounter(namespace, 'drop');
      const told = await report();
      const after = toolCounter(namespace, 'drop');

      expect(told.state).toBe('critical');
      expect(told.incident.trouble).toBe('losing');
      const [place] = told.incident.namespaces;
      expect(place).toMatchObject({ pid, mount: expect.stringContaining(namespace) });
      // The losses between its two samples are a part of those around them.
      const seen = place?.losses?.events.drop ?? 0;
      expect(seen).toBeGreaterThan(0);
      expect(seen).toBeLessThanOrEqual(after - before);
      expect(place?.losses?.seconds).toBeGreaterThan(0.9);
      expect(place?.losses?.seconds).toBeLessThan(10);
      expect(told.list.source).toBe(`/proc/${pid}/net/nf_conntrack`);
      expect(told.list.sources.top).toMatchObject([{ address: '127.0.0.1', entries: told.list.entries }]);
      expect(told.list.entries).toBeGreaterThan(1900);
      expect(told.incident.kernel_log.lines).toBeGreaterThan(0);
      expect(told.incident.kernel_log.last_seconds_ago).toBeLessThan(30);
      expect(step(told, 'source').commands).toEqual([`ip netns exec ${namespace} ss -tunap`]);

      const said = reportAs();
      expect(said.status).toBe(2);
      expect(said.stdout.replace(/\s+/g, ' ')).toMatch(
        /is full and losing [\d,]+ packets\/s \[#{50}\] 100\.0% of 2,000/,
      );

      const settings = settingsOf(namespace);
      type(step(told, 'raise').commands);
      const typed = toolCounter(namespace, 'drop');
      await pause(1500);
      expect(toolCounter(namespace, 'drop')).toBe(typed);
      const later = await report();
      expect(later.incident.trouble).not.toBe('losing');
      type(step(told, 'raise').undo);
      expect(settingsOf(namespace)).toBe(settings);
    });

    test('without root: the same verdict, and what sudo would add', async () => {
      const namespace = trackingNamespace();
      limitTo(2000);
      await traffic(namespace, 'spray');
      await untilDropping(namespace);
      const { status, stdout, stderr } = reportAs(...NOBODY);
      expect({ status, stderr }).toEqual({ status: 2, stderr: '' });
      expect(stdout.replace(/\s+/g, ' ')).toMatch(/is full and losing [\d,]+ packets\/s/);
      expect(stdout).toContain('Unknown: cannot read /proc/');
      expect(stdout).toMatch(/\nsudo would add: what fills the table,/);
      expect(stdout).toContain('  1. Raise the limit to ');
    });
  });

  test('a program that never closes: its sockets are shown, and nothing is changed', async () => {
    const namespace = trackingNamespace();
    const script = `const net = require('node:net');
      const server = net.createServer({ allowHalfOpen: true }, (one) => one.resume());
      server.listen(9000, '127.0.0.1', 1000, () => {
        let left = 950;
        for (let made = 0; made < 950; made++)
          net.connect(9000, '127.0.0.1').on('connect', function () { this.end(); if (--left === 0) process.stdout.write('ready'); });
      });`;
    const child = await background(namespace, process.execPath, '-e', script);
    keep(HASHSIZE);
    limitTo(1000);
    const told = await report();
    expect(told.incident.advice[0]).toMatchObject({ kind: 'half_closed' });
    expect(step(told, 'half_closed').title).toMatch(/ to tcp port 9000 are in CLOSE_WAIT\.$/);
    const settings = settingsOf(namespace);
    const [look = ''] = step(told, 'half_closed').commands;
    expect(command('/bin/sh', ['-c', look]).stdout).toContain(`pid=${child.pid},`);
    expect(settingsOf(namespace)).toBe(settings);
  });

  describe('connections into a black hole', () => {
    // Without a refusal: dropped before it is tracked, so that the entry stays unchanged.
    const HOLE = `add table inet hole; add chain inet hole output { type filter hook output priority -400; };
      add rule inet hole output tcp sport 443 drop`;

    /** 203.0.113.9 connects to 203.0.113.1, whose table is observed, and which answers nothing. */
    async function blackHole(): Promise<{ readonly sender: string; readonly namespace: string }> {
      const [sender, namespace] = [trackingNamespace(), trackingNamespace()];
      const done = (answer: Answer) => expect(answer).toMatchObject({ status: 0 });
      done(inside(sender, 'nft', 'flush', 'ruleset'));
      const near = ['name', 'near', 'address', '02:00:00:00:00:01', 'netns', namespace];
      done(command('ip', ['link', 'add', 'far', 'netns', sender, 'type', 'veth', 'peer', ...near]));
      for (const [where, address, device] of [
        [sender, '203.0.113.9/24', 'far'],
        [namespace, '203.0.113.1/24', 'near'],
      ] as const) {
        done(inside(where, 'ip', 'addr', 'add', address, 'dev', device));
        done(inside(where, 'ip', 'link', 'set', device, 'up'));
      }
      // Only the first three packets of those that wait for ARP are sent.
      const neighbour = 'neigh add 203.0.113.1 lladdr 02:00:00:00:00:01 dev far nud permanent';
      done(inside(sender, 'ip', ...neighbour.split(' ')));
      done(inside(namespace, 'nft', HOLE));
      // Retried each second, so that they are fresh in every sample. Kernels before 6.5 double the time.
      inside(sender, 'sysctl', '-q', '-w', 'net.ipv4.tcp_syn_linear_timeouts=100', 'net.ipv4.tcp_syn_retries=100');
      await processInside(namespace);
      return { sender, namespace };
    }

    test.each(FORMS)('from one source to one port: %s take them off', async (form, undo) => {
      const { sender, namespace } = await blackHole();
      limitTo(1000);
      await traffic(sender, 'syn', '980');
      const told = await report();
      expect(told.incident.trouble).toMatch(/^(full|filling)$/);
      expect(told.list.kinds[0]).toMatchObject({ name: 'tcp', state: 'SYN_SENT' });
      expect(told.list.sources.top).toMatchObject([{ address: '203.0.113.9' }]);
      expect(told.list.ports.top).toMatchObject([{ port: 443 }]);
      expect(toolCount(namespace)).toBeGreaterThan(900);

      const settings = settingsOf(namespace);
      type(step(told, 'source')[form]);
      await traffic(sender, 'syn', '500');
      expect(toolCount(namespace)).toBeLessThan(100);
      type(step(told, 'source')[undo]);
      expect(settingsOf(namespace)).toBe(settings);
      await traffic(sender, 'syn', '300');
      expect(toolCount(namespace)).toBeGreaterThan(250);
      // An unanswered flood is no reason to leave a TCP port untracked.
      expect(kinds(told)).not.toContain('notrack');
    });

    test('seen from the sender, which has that address: a process has to be found', async () => {
      const { sender, namespace } = await blackHole();
      inside(namespace, 'nft', `flush ruleset; ${HOLE}`);
      inside(sender, 'nft', `${HOLE}; add rule inet hole output ct state new accept`);
      limitTo(1000);
      const pid = await traffic(sender, 'syn', '980');
      const told = await report();
      expect(told.incident.namespaces[0]).toMatchObject({ pid });
      expect(told.list.sources.top).toMatchObject([{ address: '203.0.113.9' }]);
      expect(step(told, 'source').commands).toEqual([`ip netns exec ${sender} ss -tunap`]);
    });
  });
});

function reportAs(...user: readonly string[]): Answer {
  const [file, ...line] = withoutOthers(...user, ...RUN, 'report');
  return command(file, line);
}

async function untilDropping(namespace: string): Promise<void> {
  while (toolCounter(namespace, 'drop') === 0) await pause(50);
}
