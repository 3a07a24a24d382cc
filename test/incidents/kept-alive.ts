// Sessions that must survive all advice.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { inside } from '../live/namespace.ts';
import { background, CLIENT, type Stage, settingsOf } from './stage.ts';
import { FORMS, type Report, type } from './told.ts';

export const SESSION = join(__dirname, 'session.cjs');

/** Sends a byte over a session; resolves to `alive` if it is echoed. */
export type Word = () => Promise<string>;

/** Starts a server of a namespace that echoes, under the name of sshd or not. */
export async function serveEchoes(namespace: string, kind: 'sshd' | 'web', address: string, port: string) {
  await background(namespace, process.execPath, SESSION, kind, address, port);
}

/** Connects once, from the genuine client. */
export async function openSession({ sender }: Stage, address: string, port: string): Promise<Word> {
  const connect = ['netns', 'exec', sender, process.execPath, SESSION, 'client', address, port, CLIENT];
  const client = spawn('ip', connect, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void client.kill('SIGKILL'));
  const nextLine = () =>
    new Promise<string>((resolve) => client.stdout.once('data', (text) => resolve(String(text).trim())));
  expect(await nextLine()).toBe('ready');
  const word = () => {
    client.stdin.write('\n');
    return nextLine();
  };
  expect(await word()).toBe('alive');
  return word;
}

/** Types and undoes all advice, in each form, while the sessions go on; calls `after` once the commands are typed. */
export async function livesThrough(
  { namespace }: Stage,
  words: readonly Word[],
  told: Report,
  after: (kind: string, form: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const before = settingsOf(namespace);
  const alive = async (when: string) => {
    for (const word of words) expect(await word(), when).toBe('alive');
  };
  for (const { kind, ...advised } of told.incident.advice)
    for (const [form, undo] of FORMS) {
      if (advised[form].length === 0) continue;
      // While the flood goes on, there may be no entry left to remove.
      type(advised[form], ['conntrack -D ']);
      await alive(`${kind}, ${form}`);
      // Long enough for packets that were sent before to arrive.
      await pause(300);
      await alive(`${kind}, ${form}, later`);
      await after(kind, form);
      if (advised[undo].length > 0) type(advised[undo]);
      await alive(`${kind}, ${undo}`);
      expect(settingsOf(namespace), `${kind}, ${undo}`).toBe(before);
    }
}

/** Number of genuine clients, of ten, that connect and are echoed. */
export function connected({ sender }: Stage, address: string, port: string): number {
  const script = `let echoes = 0;
    const done = () => { process.stdout.write(String(echoes)); process.exit(); };
    for (let at = 0; at < 10; at++)
      require('node:net').connect({ host: '${address}', port: ${port}, localAddress: '${CLIENT}' }).on('error', () => undefined)
        .on('data', () => { echoes += 1; if (echoes === 10) done(); }).on('connect', function () { this.write('x'); });
    setTimeout(done, 2000);`;
  return Number(inside(sender, process.execPath, '-e', script).stdout);
}
