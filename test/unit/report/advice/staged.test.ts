// Each piece of advice that prints commands has a scene in test/incidents that types and undoes them.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Advice } from '../../../../src/report/advice/advice.ts';
import { TOP } from '../../../e2e/support/plugin.ts';

const FOLDER = join(TOP, 'test/incidents');

/** File and test per kind of advice; undefined if it has no commands. */
const SCENES: Readonly<Record<Advice['kind'], readonly [file: string, title: string] | undefined>> = {
  restore: ['one-step.test.ts', 'the limit that a file of the machine sets is restored'],
  raise: ['one-step.test.ts', 'a limit bounded by memory: it holds as long as printed'],
  buckets: ['room.test.ts', 'long hash chains: more buckets, and no higher limit'],
  timeout: ['one-step.test.ts', 'a shorter timeout, once the former entries have expired'],
  source: ['arrivals.test.ts', 'idle connections and one flooder: kept out, or limited'],
  network: ['arrivals.test.ts', 'a network without a dominant address: kept out, or limited'],
  source_limit: ['containers.test.ts', 'one flooder: %s'],
  synproxy: ['containers.test.ts', 'a SYN flood with forged sources to that port: %s'],
  rate_limit: ['ssh.test.ts', 'a SYN flood to ssh itself: %s'],
  notrack: ['ssh.test.ts', 'a service that is not tracked is served on'],
  half_closed: ['full.test.ts', 'a program that never closes: its sockets are shown, and nothing is changed'],
  free: ['arrivals.test.ts', 'connections that have been idle for long are removed at once'],
  nat_ports: ['clash.test.ts', 'the advised commands give the ports back'],
  clash: ['clash.test.ts', 'without root: the counters are shown, and nothing is changed'],
  in_force: ['harmless.test.ts', 'are named with what they drop, until they are undone'],
  unproven: undefined,
  keep: undefined,
  no_memory: undefined,
};

test.each(Object.entries(SCENES).flatMap(([kind, scene]) => (scene === undefined ? [] : [[kind, ...scene] as const])))(
  '%s: %s, %s',
  (kind, file, title) => {
    const text = readFileSync(join(FOLDER, file), 'latin1');
    const [, scene = ''] = text.split(`'${title}`);
    expect(scene).not.toBe('');
    expect(text).toContain(`'${kind}'`);
  },
);

test('every step that changes something is compared with the state before it', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.test.ts'));
  const staged = new Set(Object.values(SCENES).flatMap((scene) => scene?.[0] ?? []));
  for (const name of staged) {
    expect(files).toContain(name);
    expect(readFileSync(join(FOLDER, name), 'latin1')).toMatch(/settingsOf\(|livesThrough\(/);
  }
});
