// Steps that change a number and no rule, each typed alone while a flood goes on: clients count their losses before it,
// after it, and after the undo.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { scratch } from '../e2e/support/tree.ts';
import { HASHSIZE, inside, keep, limitTo, withoutOthers } from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { openSession, serveEchoes, type Word } from './kept-alive.ts';
import {
  done,
  expectLosses,
  flood,
  lostByClients,
  reportOn,
  roomless,
  roomlessIn,
  STAGE_PARTS,
  type Stage,
  settingsOf,
  stage,
  TARGET,
  untilRoomless,
} from './stage.ts';
import { kinds, type Report, reportBy, type Step, step, type } from './told.ts';

/** A table that loses packets to a flood of `rate` datagrams per second, and an ssh session to its namespace. */
async function flooded(rate: number): Promise<Stage & { readonly word: Word }> {
  const scene = await stage();
  await serveEchoes(scene.namespace, 'sshd', TARGET, '22');
  const word = await openSession(scene, TARGET, '22');
  keep(HASHSIZE);
  limitTo(2000);
  await flood(scene, 'udp', 'any', 53, rate);
  await untilRoomless(scene);
  await expectLosses(scene);
  return { ...scene, word };
}

/** The report of programs that see the file or folder `shown` at `path`. */
function reportWith({ pid }: Stage, path: string, shown: string): Promise<Report> {
  const mounted = ['unshare', '--mount', 'sh', '-c', `mount --bind ${shown} ${path} && exec "$@"`, 'sh'];
  const asked = ['report', '--format', 'json', '--pid', String(pid)];
  return reportBy((run) => [...mounted, ...withoutOthers(...run, ...asked)]);
}

/**
 * Typed, it ends the loss once `settled` is over; the undo brings the loss back, and leaves all settings as they were.
 */
async function endsTheLoss(
  scene: Awaited<ReturnType<typeof flooded>>,
  { commands, undo }: Step,
  settled = async () => {},
) {
  const before = settingsOf(scene.namespace);
  type(commands);
  expect(settingsOf(scene.namespace)).not.toBe(before);
  await settled();
  const [lostRoom, lost] = await Promise.all([roomlessIn(scene, 1000), lostByClients(scene, 50)]);
  expect({ lostRoom, lost }).toEqual({ lostRoom: 0, lost: 0 });
  expect(await scene.word()).toBe('alive');
  type(undo);
  expect(settingsOf(scene.namespace)).toBe(before);
  while ((await roomlessIn(scene, 100)) === 0);
  await expectLosses(scene);
  expect(await scene.word()).toBe('alive');
}

liveSuite('one step alone', [...STAGE_PARTS, '/usr/bin/unshare'], () => {
  test('the limit that a file of the machine sets is restored', async () => {
    const scene = await flooded(300);
    const folder = scratch();
    writeFileSync(join(folder, '50-conntrack.conf'), 'net.netfilter.nf_conntrack_max = 200000\n');
    const told = await reportWith(scene, '/etc/sysctl.d', folder);
    expect(kinds(told)[0]).toBe('restore');
    const restore = step(told, 'restore');
    expect(restore.commands).toEqual(['sysctl -w net.netfilter.nf_conntrack_max=200000']);
    await endsTheLoss(scene, restore);
  });

  test('a shorter timeout, once the former entries have expired', async () => {
    const scene = await flooded(100);
    const told = await reportOn(scene);
    const timeout = step(told, 'timeout');
    expect(timeout.title).toBe('Shorten nf_conntrack_udp_timeout from 30 s to 10 s.');
    // Former entries keep their time, and are collected some time later.
    await endsTheLoss(scene, timeout, async () => {
      while ((await roomlessIn(scene, 5000)) > 0);
    });
  });

  test('a limit bounded by memory: it holds as long as printed, and a step that ends the loss comes first', async () => {
    const scene = await flooded(2500);
    const memory = join(scratch(), 'meminfo');
    writeFileSync(memory, 'MemTotal:          96000 kB\nMemFree:           80000 kB\nMemAvailable:      80000 kB\n');
    const told = await reportWith(scene, '/proc/meminfo', memory);
    const raise = step(told, 'raise');
    const [, words = ''] = /accepted at once, for about (\d+) s at this rate/.exec(raise.notes.join(' ')) ?? [];
    type(raise.commands);
    const [began, lost] = [Date.now(), roomless(scene)];
    while (roomless(scene) === lost) await pause(100);
    const held = (Date.now() - began) / 1000;
    expect(held / Number(words)).toBeGreaterThan(0.75);
    expect(held / Number(words)).toBeLessThan(1.25);
    type(raise.undo);

    // The port may have answered flows too, which a removal would take.
    expect([kinds(told)[0], kinds(told).includes('free')]).toEqual(['notrack', false]);
    type(step(told, 'notrack').commands);
    done(inside(scene.namespace, 'conntrack', '-F'));
    const [lostRoom, lostNow] = await Promise.all([roomlessIn(scene, 1000), lostByClients(scene, 50)]);
    expect({ lostRoom, lostNow }).toEqual({ lostRoom: 0, lostNow: 0 });
  });
});
