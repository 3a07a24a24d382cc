// Tables that lose packets below their limit, or to evictions: checked against the losses of genuine clients.

import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { command, RUN } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';
import { hashsizeTo, inside, limitTo, sendDatagrams, toolCounter, withoutOthers } from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import {
  done,
  expectLosses,
  flood,
  lostByClients,
  reportOn,
  roomlessIn,
  STAGE_PARTS,
  settingsOf,
  stage,
} from './stage.ts';
import { EXECUTABLES, kinds, step, type } from './told.ts';

liveSuite('a table that has no room below its limit', STAGE_PARTS, () => {
  test('long hash chains: more buckets, and no higher limit', async () => {
    const scene = await stage();
    const { namespace } = scene;
    const state = scratch();
    for (const run of EXECUTABLES) inside(namespace, ...run, '--state-dir', state);
    inside(namespace, 'sysctl', '-q', '-w', 'net.netfilter.nf_conntrack_udp_timeout=120');
    limitTo(262_144);
    hashsizeTo(1024);
    sendDatagrams(namespace, 40_000);
    await flood(scene, 'udp', 'any', 53, 500);
    await expectLosses(scene);
    const told = await reportOn(scene);
    expect(toolCounter(namespace, 'drop')).toBe(0);
    expect(toolCounter(namespace, 'chaintoolong')).toBeGreaterThan(0);

    expect(told.incident.trouble).toBe('refusing');
    expect(told.message).toMatch(/ refuses [\d,]+ packets\/s because its hash chains are too long/);
    expect(kinds(told)[0]).toBe('buckets');
    expect(kinds(told)).not.toContain('raise');
    // The check's first line has it too, whatever its state.
    for (const run of EXECUTABLES)
      expect(inside(namespace, ...run, '--state-dir', state).stdout).toMatch(
        /^CONNTRACK \w+ - .*, \d+ refused for long hash chains in the last /,
      );
    const settings = settingsOf(namespace);
    type(step(told, 'buckets').commands);
    const [roomless, lost] = await Promise.all([roomlessIn(scene, 1500), lostByClients(scene, 100)]);
    expect({ roomless, lost }).toEqual({ roomless: 0, lost: 0 });
    type(step(told, 'buckets').undo);
    expect(settingsOf(namespace)).toBe(settings);
    await expectLosses(scene);
  });

  test('evictions, which the kernel does not count as losses: a slow answer finds no entry', async () => {
    const scene = await stage(300);
    const { namespace, pid } = scene;
    // Firewalls do the same: a reply without an entry does not leave.
    done(inside(namespace, 'nft', 'add chain inet tracking answers { type filter hook output priority 10; }'));
    done(inside(namespace, 'nft', 'add rule inet tracking answers udp sport 7 ct state new drop'));
    expect(await lostByClients(scene, 20)).toBe(0);
    // So few that they are evicted before an answer comes, even if the flood is slow.
    hashsizeTo(1024);
    limitTo(1000);
    await flood(scene, 'udp', 'any', 53, 20_000);
    while (toolCounter(namespace, 'early_drop') < 4000) await pause(50);
    const dropped = toolCounter(namespace, 'drop');
    expect(await lostByClients(scene, 100)).toBeGreaterThan(50);
    const told = await reportOn(scene);
    const [evicted, drops] = [toolCounter(namespace, 'early_drop'), toolCounter(namespace, 'drop') - dropped];
    expect(drops / evicted).toBeLessThan(0.05);

    expect(told.state).toBe('critical');
    const [file, ...line] = withoutOthers(...RUN, 'report', '--pid', String(pid));
    const { stdout } = command(file, line);
    // The duration follows from the rate, which differs on a busy machine.
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /an unanswered entry survives (less than 0\.1|about [\d.]+) s: a reply that takes longer finds no entry/,
    );
    const settings = settingsOf(namespace);
    type(step(told, 'raise').commands);
    await pause(300);
    expect(await lostByClients(scene, 200)).toBe(0);
    type(step(told, 'raise').undo);
    expect(settingsOf(namespace)).toBe(settings);
  });
});
