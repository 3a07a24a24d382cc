// Incidents that are over: the real kernel's log names the table that was full, and no limit is raised any more.

import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { command, RUN } from '../e2e/support/plugin.ts';
import { eventually } from '../live/daemon.ts';
import {
  inside,
  limitTo,
  processInside,
  sendDatagrams,
  toolCounter,
  trackingNamespace,
  withoutOthers,
} from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';

/** The whole report on one line. */
function told(): string {
  const [file, ...line] = withoutOthers(...RUN, 'report', '--interval', '0.2');
  return command(file, line).stdout.replace(/\s+/g, ' ');
}

/**
 * The kernel logs at most ten lines in five seconds, for all tables and everything else that shares this rate limit.
 */
const QUIET = 5100;

/** Fills the table and empties it, until the kernel has logged that it was full. */
async function overflow(name: string): Promise<void> {
  const before = linesOf(name);
  do {
    await pause(QUIET);
    limitTo(40);
    sendDatagrams(name, 400);
    inside(name, 'conntrack', '-F');
  } while (linesOf(name) === before);
  expect(toolCounter(name, 'drop')).toBeGreaterThan(0);
}

function linesOf(name: string): number {
  return command('dmesg', []).stdout.split(`table full in netns ${numberOf(name)},`).length;
}

function numberOf(name: string): string {
  return inside(name, 'readlink', '/proc/self/ns/net').stdout.replace(/\D/g, '');
}

liveSuite('a table that was full', ['/usr/sbin/nft', '/usr/sbin/conntrack', '/dev/kmsg'], () => {
  test("a namespace's: it is named, and no limit is raised", async () => {
    const name = trackingNamespace();
    const pid = await processInside(name);
    await overflow(name);
    const text = told();
    expect(text).toMatch(
      new RegExp(
        `^CONNTRACK WARNING - the table of namespace of sleep \\(pid ${pid}, netns ${name}\\) was full (at|from) `,
      ),
    );
    expect(text).toContain(` Counters: namespace of sleep (pid ${pid}, netns ${name}) `);
    expect(text).toContain('What to do Nothing now: it is over.');
    expect(text).not.toContain('Raise the limit');
  });

  test('a namespace that is gone: the next one, which gets its number, is not named', async () => {
    const name = trackingNamespace();
    await overflow(name);
    const number = numberOf(name);
    command('ip', ['netns', 'del', name]);
    // The kernel reuses the number once it has removed the namespace.
    const next = await eventually(() => [trackingNamespace()].find((made) => numberOf(made) === number));
    await processInside(next);
    const text = told();
    expect(text).toContain(` the table of net:[${number}], which is gone, was full `);
    // Another table, such as the host's, may have lost packets before.
    expect(text).toMatch(/ used, (nothing dropped since boot in the tables that could be read|[^;]+; nothing now)/);
  });
});
