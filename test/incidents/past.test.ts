// Incidents that are over: which table was full, by the real kernel's log, and that nothing is to be raised any more.

import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { command, plugin } from '../e2e/support/plugin.ts';
import { inside, limitTo, processInside, sendDatagrams, toolCounter, trackingNamespace } from '../live/namespace.ts';
import { liveSuite } from '../live/parts.ts';

/** The whole report on one line. */
function told(): string {
  return plugin('report', '--interval', '0.2').stdout.replace(/\s+/g, ' ');
}

/** The kernel writes ten lines in five seconds at most, of all tables together. */
const QUIET = 5100;

async function overflow(name: string): Promise<void> {
  await pause(QUIET);
  limitTo(40);
  sendDatagrams(name, 400);
  expect(toolCounter(name, 'drop')).toBeGreaterThan(0);
  inside(name, 'conntrack', '-F');
}

liveSuite('a table that was full', ['/usr/sbin/nft', '/usr/sbin/conntrack', '/dev/kmsg'], () => {
  test("a namespace's: it is named, and nothing is to be raised", async () => {
    const name = trackingNamespace();
    const pid = await processInside(name);
    await overflow(name);
    const text = told();
    expect(text).toMatch(
      new RegExp(
        `^CONNTRACK WARNING - the table of namespace of sleep \\(pid ${pid}, netns ${name}\\) was full (at|from) `,
      ),
    );
    expect(text).toContain(` Losing: namespace of sleep (pid ${pid}, netns ${name}) `);
    expect(text).toContain('What to do Nothing now: it is over.');
    expect(text).not.toContain('Raise the limit');
  });

  test('of a namespace that is gone: not that of the next one, which gets its number', async () => {
    const name = trackingNamespace();
    await overflow(name);
    const number = inside(name, 'readlink', '/proc/self/ns/net').stdout.replace(/\D/g, '');
    command('ip', ['netns', 'del', name]);
    await pause(200);
    const next = trackingNamespace();
    await processInside(next);
    const text = told();
    expect(text).toContain(` the table of net:[${number}], which is gone, was full `);
    expect(text).toContain(' nothing dropped since boot by the tables there are');
  });
});
