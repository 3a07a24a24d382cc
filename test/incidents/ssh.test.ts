// An administrator's session, as over ssh, survives every command that the report prints, and each undo, through a
// firewall that drops unknown packets. So do the clients of a service that is no longer tracked.

import { expect, test } from 'vitest';
import { command } from '../e2e/support/plugin.ts';
import { HASHSIZE, inside, keep, limitTo } from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { FIREWALL_NAMES, FIREWALLS, loadFirewall } from './firewalls.ts';
import { connected, livesThrough, openSession, serveEchoes, type Word } from './kept-alive.ts';
import {
  answerAt,
  CLIENT,
  done,
  expectLosses,
  flood,
  lostByClients,
  reportOn,
  roomlessIn,
  SENDER,
  STAGE_PARTS,
  type Stage,
  settingsOf,
  stage,
  TARGET,
  untilRoomless,
} from './stage.ts';
import { FORMS, kinds, step, type } from './told.ts';

const DNS = '53';

/** A table with a firewall, and a session through it. */
interface Guarded extends Stage {
  readonly word: Word;
}

async function guarded(firewall: keyof typeof FIREWALLS, port = '22'): Promise<Guarded> {
  const scene = await stage();
  loadFirewall(scene.namespace, FIREWALLS[firewall]);
  await serveEchoes(scene.namespace, 'sshd', TARGET, port);
  return { ...scene, word: await openSession(scene, TARGET, port) };
}

liveSuite('an administrator is not locked out', STAGE_PARTS, () => {
  test.each(['nft, default drop', 'ufw, iptables in nf_tables'] as const)(
    'a SYN flood to ssh itself: %s',
    async (firewall) => {
      const scene = await guarded(firewall);
      keep(HASHSIZE);
      limitTo(2000);
      await flood(scene, 'syn', 'any', 22, 1500);
      await untilRoomless(scene);
      const told = await reportOn(scene);
      expect(kinds(told)).toEqual(expect.arrayContaining(['rate_limit', 'free']));
      for (const kind of ['notrack', 'synproxy', 'source', 'network']) expect(kinds(told)).not.toContain(kind);
      expect(step(told, 'rate_limit').preconditions).toEqual([
        'Keep an ssh session open: a new one shares the rate with the flood.',
      ]);
      await livesThrough(scene, [scene.word], told);
    },
  );

  test('a scan of ssh by one source', async () => {
    const scene = await guarded('nft, default drop');
    keep(HASHSIZE);
    limitTo(2000);
    await flood(scene, 'syn', SENDER, 22, 1500);
    await untilRoomless(scene);
    const told = await reportOn(scene);
    expect(kinds(told)).toContain('source');
    expect(kinds(told)).not.toContain('notrack');
    await livesThrough(scene, [scene.word], told);
  });

  test('a SYN flood to another port: a session of ssh has its entry, and clients get in', async () => {
    const scene = await guarded('nft, default drop');
    await serveEchoes(scene.namespace, 'web', TARGET, '443');
    keep(HASHSIZE);
    limitTo(2000);
    await flood(scene, 'syn', 'any', 443, 1500);
    await untilRoomless(scene);
    const told = await reportOn(scene);
    const { commands } = step(told, 'synproxy');
    const [look = ''] = commands;
    expect(command('/bin/sh', ['-c', look]).stdout).toContain(`src=${CLIENT} `);
    await livesThrough(scene, [scene.word], told);
    for (const [form, undo] of FORMS) {
      type([...step(told, 'synproxy')[form], ...step(told, 'free').commands]);
      expect(connected(scene, TARGET, '443'), form).toBe(10);
      type(step(told, 'synproxy')[undo]);
    }
  });

  test("a flood from the session's own source: it is not kept out", async () => {
    const scene = await guarded('nft, default drop');
    limitTo(2000);
    await flood(scene, 'udp', CLIENT, 53, 1500);
    await untilRoomless(scene);
    const told = await reportOn(scene);
    expect(kinds(told)).toContain('source');
    expect(kinds(told)).not.toContain('source_limit');
    const { commands, notes } = step(told, 'source');
    expect(commands).toEqual([`ip netns exec ${scene.namespace} ss -tnp state established dst ${CLIENT}`]);
    expect(notes[0]).toMatch(/^An ssh session to this machine comes from 203\.0\.113\.10/);
    type(commands);
  });

  test('an sshd at another port is found', async () => {
    const scene = await guarded('nft, default drop', '443');
    limitTo(2000);
    await flood(scene, 'syn', 'any', 443, 1500);
    await untilRoomless(scene);
    const told = await reportOn(scene);
    expect(kinds(told)).toContain('rate_limit');
    expect(kinds(told)).not.toContain('synproxy');
  });
});

liveSuite('a service that is not tracked is served on', STAGE_PARTS, () => {
  test.each(FIREWALL_NAMES)('%s', async (firewall) => {
    const scene = await guarded(firewall);
    await answerAt(scene, DNS);
    limitTo(2000);
    const before = settingsOf(scene.namespace);
    expect(await lostByClients(scene, 20, DNS)).toBe(0);
    await flood(scene, 'udp', 'any', 53, 1000);
    await untilRoomless(scene);
    await expectLosses(scene, DNS);
    const told = await reportOn(scene);
    for (const [form, undo] of FORMS) {
      type(step(told, 'notrack')[form]);
      inside(scene.namespace, 'conntrack', '-D', '-p', 'udp');
      const [lost, roomless] = await Promise.all([lostByClients(scene, 100, DNS), roomlessIn(scene, 1000)]);
      expect({ lost, roomless }, form).toEqual({ lost: 0, roomless: 0 });
      expect(await scene.word(), form).toBe('alive');
      type(step(told, 'notrack')[undo]);
      expect(settingsOf(scene.namespace), undo).toBe(before);
      expect(await scene.word(), undo).toBe('alive');
    }
  });

  test('unless rules translate: masquerade, before any entry is translated', async () => {
    const scene = await guarded('nft, default drop');
    const chain = '{ type nat hook postrouting priority 100; }';
    done(inside(scene.namespace, 'nft', `add table ip nat; add chain ip nat post ${chain}`));
    done(inside(scene.namespace, 'nft', 'add rule ip nat post ip saddr 172.17.0.0/16 masquerade'));
    await answerAt(scene, DNS);
    limitTo(2000);
    await flood(scene, 'udp', 'any', 53, 1000);
    await untilRoomless(scene);
    const before = settingsOf(scene.namespace);
    const { commands, undo, instead } = step(await reportOn(scene), 'notrack');
    type([...commands, ...instead]);
    expect(settingsOf(scene.namespace)).toBe(before);
    expect(undo).toEqual([]);
  });
});
