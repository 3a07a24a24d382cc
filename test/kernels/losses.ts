// Losses of a booted kernel, and the plugin's output: the facts are the kernel's counters, read at the same moment.

import { expect, test } from 'vitest';
import { type Look, perfdata } from './look.ts';

const COUNTERS = ['drop', 'early_drop', 'insert_failed', 'chainlength'] as const;

export function losses({ step, counter, rise, isFrom, hasFiles }: Look): void {
  test('a full table: CRITICAL, with the drops that the kernel counted', () => {
    const { status, output } = step('full');
    const lost = counter('full-truth', 'drop');
    expect(status).toBe(2);
    expect(lost).toBeGreaterThan(0);
    // The kernel's garbage collection may have removed a few by then.
    expect(output).toMatch(
      /CONNTRACK CRITICAL - (table full: 100|9\d) of 100 entries .*; \d+ packets dropped in the last /,
    );
    expect(output).toContain(`; ${lost} packets dropped in the last `);
    for (const name of COUNTERS) {
      const counted = counter('full-truth', name);
      const reported = perfdata(step('full'), name);
      // Before 5.15 the kernel has no such counter, and none is printed.
      if (counted === undefined) expect(reported).toBeNaN();
      else expect(reported).toBe(counted);
    }
    expect(counter('full-truth', 'chainlength') === undefined).toBe(!isFrom(5, 15));
  });

  test('each of the 400 packets is in the table, evicted, or counted as dropped', () => {
    const dropped = counter('full-truth', 'drop') ?? 0;
    const evicted = counter('full-truth', 'early_drop') ?? 0;
    expect(100 + dropped + evicted).toBe(400);
  });

  test('an incident: which table, who fills it, and what to type', () => {
    const { status, output } = step('losing');
    expect(status).toBe(2);
    // A flood evicts, and the kernel collects garbage meanwhile: a few of the hundred may be free at that moment.
    expect(output).toMatch(
      /^CONNTRACK CRITICAL - the table of the host is (?:9\d\.\d% )?full and losing [\d,]+\s+packets\/s\n/,
    );
    expect(output).toMatch(/\n {2}\d+ "table full" lines? /);
    expect(output).toMatch(hasFiles() ? /entries of \/proc\/net\/nf_conntrack\./ : /entries of conntrack -L/);
    expect(output).toContain('127.0.0.1');
    expect(output).toMatch(/\n {2}\d\. Raise the limit to /);
  });

  test('its commands end the drops while the flood continues', () => {
    expect(step('raise').output).toMatch(/^sysctl -w net\.netfilter\.nf_conntrack_max=\d+$/m);
    expect(step('raised-how').status).toBe(0);
    expect(rise('full-truth', 'raised-truth', 'drop')).toBeGreaterThan(0);
    expect(rise('raised-truth', 'raised-later', 'drop')).toBe(0);
    expect(step('raised').status).toBe(0);
    expect(perfdata(step('raised'), 'entries')).toBeGreaterThanOrEqual(200);
    expect(step('emptied')).toMatchObject({ status: 0, output: expect.stringContaining('0 of 100 entries') });
  });

  test('munin, compared with conntrack(8)', () => {
    const { status, output } = step('full-munin');
    expect(status).toBe(0);
    const [, entries] = /^limit\.value 100\nentries\.value (\d+)\n$/.exec(output) ?? [];
    expect(Math.abs(Number(entries) - Number(step('full-count').output))).toBeLessThan(10);
    expect(step('full-tool').output).toContain(` drop=${perfdata(step('full-root'), 'drop')} `);
  });

  test('another namespace is full, ours is not', () => {
    expect(step('elsewhere').status).toBe(2);
    expect(step('elsewhere').output).toMatch(
      /^CONNTRACK CRITICAL - namespace of sleep \(pid \d+\) is full: 100 of 100; here 0 \(0\.0%\), 2 namespaces/,
    );
  });

  test('the same from a container, by its own tools', () => {
    expect(step('container').status).toBe(2);
    expect(step('container').output).toMatch(
      /^CONNTRACK CRITICAL - namespace of sleep \(pid \d+\) is full: 100 of 100; here 0 \(0\.0%\), 3 namespaces/,
    );
    expect(perfdata(step('container'), 'drop')).toBe(perfdata(step('elsewhere'), 'drop'));
    expect(step('container-report').output).toMatch(
      hasFiles() ? /100 entries of \/host\/proc\/\d+\/net\/nf_conntrack\./ : /100 entries of conntrack -L/,
    );
    // The list is conntrack(8)'s to the letter, except for the seconds and references.
    expect(step('container-list')).toEqual({ status: 0, output: '100\n' });
  });

  test('the same without the right to enter the namespace of the host', () => {
    const { status, output } = step('container-refused');
    expect(status).toBe(hasFiles() ? 0 : 3);
    expect(output).toMatch(
      hasFiles()
        ? /^CONNTRACK OK - /
        : /^CONNTRACK UNKNOWN - cannot read \/host\/proc\/1\/ns\/net: permission denied\n/,
    );
  });

  test('the same without root: found, or reported as not visible', () => {
    const { status, output } = step('elsewhere-nobody');
    expect(status).toBe(hasFiles() ? 2 : 3);
    expect(output).toMatch(
      hasFiles() ? /^CONNTRACK CRITICAL - namespace of sleep / : /^CONNTRACK UNKNOWN - 1 of 2 namespaces not read: /,
    );
  });

  test('a namespace that is gone: its lines of the kernel log are known, or reported as of unknown owner', () => {
    const text = wordsOf(step('gone').output);
    const isNamed = /the table of net:\[\d+\], which is gone, was full /.test(text);
    expect([isNamed, text.includes('according to the log, which does not name the table')]).toEqual([
      isFrom(6, 18),
      !isFrom(6, 18),
    ]);
    expect(text).not.toContain('conntrack is not the problem');
  });

  test('a loss now comes before a namespace that is gone', () => {
    const { status, output } = step('gone-losing');
    expect(status).toBe(2);
    expect(wordsOf(output)).toMatch(
      /^CONNTRACK CRITICAL - the table of the host is (?:9\d\.\d% )?full and losing [\d,]+ packets\/s/,
    );
    expect(output).not.toContain('it is over');
  });

  test("a table that fills: seconds left, by the kernel's clock", () => {
    const uptime = (name: string) => Number(step(name).output.split(' ')[0]);
    const { status, output } = step('filling');
    expect(status).toBe(1);
    const perSecond = 1500 / (uptime('filling-to') - uptime('filling-from'));
    const reported = Number(/full in (\d+) s at the current rate/.exec(output)?.[1]);
    expect(reported * perSecond).toBeGreaterThan(18_500 / 2);
    expect(reported * perSecond).toBeLessThan(18_500 * 2);
  });

  test('long chains refuse entries below the limit since 5.15', () => {
    const { status, output } = step('chains');
    const refused = rise('chains-before', 'chains-truth', 'chainlength');
    expect(status).toBe(0);
    expect(refused > 0).toBe(isFrom(5, 15));
    expect(rise('chains-before', 'chains-truth', 'insert_failed')).toBe(refused);
    expect(rise('chains-before', 'chains-truth', 'drop')).toBe(0);
    expect(output.includes('this kernel refuses entries in long chains below the limit')).toBe(refused > 0);
    expect(perfdata(step('chains'), 'entries')).toBe(30_000 - refused);
  });

  test('without a free NAT port, drop and insert_failed rise together in a nearly empty table', () => {
    expect(step('nat')).toEqual({ status: 0, output: '' });
    const risen = (name: string) => rise('clash-before', 'clash-truth', name);
    expect(risen('drop')).toBeGreaterThan(50);
    expect(risen('insert_failed')).toBe(risen('drop'));
    expect(risen('chainlength')).toBe(0);
    expect(perfdata(step('clash'), 'entries')).toBeLessThan(100);
    // Separate from earlier drops of the full table, and from entries refused in long chains.
    expect(step('clash').output).toContain(` ${risen('drop')} lost to clashes`);
  });

  test('NAT without a free port that has stopped: the ports are taken, and nothing is lost now', () => {
    const text = wordsOf(step('clash-over').output);
    expect(step('clash-over').status).toBe(1);
    expect(text).toContain('NAT has no port left towards udp 127.0.0.2 port 9 ');
    expect(text).toMatch(/; \d[\d,]* packets were lost (?:to clashes )?since \d\d:\d\d:\d\d; nothing now /);
    expect(text).not.toContain('not the problem');
  });
}

/** Without the breaks of its lines. */
function wordsOf(output: string): string {
  return output.replace(/\s+/g, ' ');
}

export function sameOnNode({ step }: Look): void {
  test('the Node file prints the same bytes there', () => {
    expect(step('seed-node')).toEqual(step('seed'));
    expect(step('elsewhere-node')).toEqual(step('elsewhere'));
  });
}
