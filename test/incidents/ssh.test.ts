// An administrator's session, as over ssh, lives through everything that the report says to type, and through each undo,
// behind a firewall that drops what it does not know. So do the clients of a service that is no longer tracked.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { command } from '../e2e/support/plugin.ts';
import { HASHSIZE, inside, keep, limitTo } from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';
import { FIREWALL_NAMES, FIREWALLS } from './firewalls.ts';
import {
  answerAt,
  background,
  CLIENT,
  done,
  flood,
  lostByClients,
  roomlessIn,
  SENDER,
  type Stage,
  settingsOf,
  stage,
  TARGET,
  untilRoomless,
} from './stage.ts';
import { FORMS, kinds, type Report, report, STANDALONE, step, type } from './told.ts';

const PARTS = [
  STANDALONE,
  ...['conntrack', 'iptables', 'iptables-legacy', 'nft', 'ip', 'sysctl'].map((tool) => `/usr/sbin/${tool}`),
  ...['/usr/bin/perl', '/usr/bin/nsenter', '/usr/bin/ss', '/usr/bin/sed'],
];
const SESSION = join(__dirname, 'session.cjs');
const DNS = '53';

/** A table that a firewall is in front of, with a session to it. */
interface Guarded extends Stage {
  /** Sends a word over the session; `alive` if it comes back. */
  readonly word: () => Promise<string>;
}

async function guarded(firewall: keyof typeof FIREWALLS, port = '22'): Promise<Guarded> {
  const scene = await stage();
  const [tool, rules] = FIREWALLS[firewall];
  const line = tool === 'nft' ? 'nft -f -' : `${tool} --noflush`;
  done(inside(scene.namespace, 'sh', '-c', `printf '%s' "$1" | ${line}`, 'sh', rules));
  await background(scene.namespace, process.execPath, SESSION, 'sshd', TARGET, port);
  const connect = ['netns', 'exec', scene.sender, process.execPath, SESSION, 'client', TARGET, port, CLIENT];
  const client = spawn('ip', connect, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void client.kill('SIGKILL'));
  const heard = () =>
    new Promise<string>((resolve) => client.stdout.once('data', (text) => resolve(String(text).trim())));
  expect(await heard()).toBe('ready');
  const word = () => {
    client.stdin.write('\n');
    return heard();
  };
  expect(await word()).toBe('alive');
  return { ...scene, word };
}

function toldOf({ pid }: Stage): Promise<Report> {
  return report('--pid', String(pid));
}

/** Everything that is advised, typed and undone, in each form, while the session goes on. */
async function livesThrough(scene: Guarded, told: Report): Promise<void> {
  const before = settingsOf(scene.namespace);
  for (const { kind, ...advised } of told.incident.advice)
    for (const [form, undo] of FORMS) {
      if (advised[form].length === 0) continue;
      // While the flood goes on, none of the entries that were there may be left to be removed.
      type(advised[form], ['conntrack -D ']);
      expect(await scene.word(), `${kind}, ${form}`).toBe('alive');
      // Long enough for what was sent before to be over.
      await pause(300);
      expect(await scene.word(), `${kind}, ${form}, later`).toBe('alive');
      if (advised[undo].length > 0) type(advised[undo]);
      expect(await scene.word(), `${kind}, ${undo}`).toBe('alive');
      expect(settingsOf(scene.namespace), `${kind}, ${undo}`).toBe(before);
    }
}

liveSuite('an administrator is not locked out', PARTS, () => {
  test.each(['nft, default drop', 'ufw, iptables in nf_tables'] as const)(
    'a SYN flood to ssh itself: %s',
    async (firewall) => {
      const scene = await guarded(firewall);
      keep(HASHSIZE);
      limitTo(2000);
      await flood(scene, 'syn', 'any', 22, 1500);
      await untilRoomless(scene);
      const told = await toldOf(scene);
      expect(kinds(told)).toEqual(expect.arrayContaining(['rate_limit', 'free']));
      for (const kind of ['notrack', 'synproxy', 'source', 'network']) expect(kinds(told)).not.toContain(kind);
      expect(step(told, 'rate_limit').preconditions).toEqual([
        'Keep an ssh session open: a new one shares the rate with the flood.',
      ]);
      await livesThrough(scene, told);
    },
  );

  test('a scan of ssh by one source', async () => {
    const scene = await guarded('nft, default drop');
    keep(HASHSIZE);
    limitTo(2000);
    await flood(scene, 'syn', SENDER, 22, 1500);
    await untilRoomless(scene);
    const told = await toldOf(scene);
    expect(kinds(told)).toContain('source');
    expect(kinds(told)).not.toContain('notrack');
    await livesThrough(scene, told);
  });

  test('a SYN flood to another port: a session of ssh has its entry, and clients get in', async () => {
    const scene = await guarded('nft, default drop');
    await background(scene.namespace, process.execPath, SESSION, 'web', TARGET, '443');
    keep(HASHSIZE);
    limitTo(2000);
    await flood(scene, 'syn', 'any', 443, 1500);
    await untilRoomless(scene);
    const told = await toldOf(scene);
    const { commands } = step(told, 'synproxy');
    const [look = ''] = commands;
    expect(command('/bin/sh', ['-c', look]).stdout).toContain(`src=${CLIENT} `);
    await livesThrough(scene, told);
    for (const [form, undo] of FORMS) {
      type([...step(told, 'synproxy')[form], ...step(told, 'free').commands]);
      expect(connected(scene), form).toBe(10);
      type(step(told, 'synproxy')[undo]);
    }
  });

  test('a flood from where the session comes from: it is not kept out', async () => {
    const scene = await guarded('nft, default drop');
    limitTo(2000);
    await flood(scene, 'udp', CLIENT, 53, 1500);
    await untilRoomless(scene);
    const told = await toldOf(scene);
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
    const told = await toldOf(scene);
    expect(kinds(told)).toContain('rate_limit');
    expect(kinds(told)).not.toContain('synproxy');
  });
});

/** Of ten genuine clients of port 443, how many are echoed. */
function connected({ sender }: Stage): number {
  const script = `let heard = 0;
    for (let at = 0; at < 10; at++)
      require('node:net').connect(443, '${TARGET}').on('error', () => undefined)
        .on('data', () => { heard += 1; }).on('connect', function () { this.write('x'); });
    setTimeout(() => { process.stdout.write(String(heard)); process.exit(); }, 2000);`;
  return Number(inside(sender, process.execPath, '-e', script).stdout);
}

liveSuite('a service that is not tracked is served on', PARTS, () => {
  test.each(FIREWALL_NAMES)('%s', async (firewall) => {
    const scene = await guarded(firewall);
    await answerAt(scene, DNS);
    limitTo(2000);
    const before = settingsOf(scene.namespace);
    expect(await lostByClients(scene, 20, DNS)).toBe(0);
    await flood(scene, 'udp', 'any', 53, 1000);
    await untilRoomless(scene);
    expect(await lostByClients(scene, 50, DNS)).toBeGreaterThan(5);
    const told = await toldOf(scene);
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
});
