// The sections of a report, in unusual cases.

import { describe, expect, test } from 'vitest';
import { counterLines } from '../../../src/report/counter-lines.ts';
import { PLAIN } from '../../../src/report/palette.ts';
import { settingLines, whereLines } from '../../../src/report/report-sections.ts';
import {
  ALL,
  type Changes,
  counted,
  countedBefore515,
  fault,
  ok,
  otherTable,
  unreadTable,
} from '../support/observation.ts';
import { findingsOf, type Incident, wanted } from '../support/reports.ts';

describe('the namespaces', () => {
  const rows = (incident: Incident, palette = PLAIN) => whereLines(findingsOf(incident), palette).slice(1);
  const other = (key: string, changes: Parameters<typeof otherTable>[0]) => otherTable({ key, entries: 0, ...changes });

  test('show at most ten tables with entries or losses, and count the rest', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => other(`net:${at}`, { entries: 5 }));
    const quiet = [
      other('net:a', { statistics: counted({ drop: 3 }) }),
      other('net:b', {}),
      other('net:c', { statistics: fault('denied') }),
    ];
    expect(rows({ first: { entries: 9, others: quiet } })).toHaveLength(3);
    expect(rows({ first: { entries: 9, others: many(9) } })).toHaveLength(11);
    const more = rows({ first: { entries: 9, others: many(11) } });
    expect(more).toHaveLength(12);
    expect(more[10]).toBe('  and 2 more with entries or losses');
  });

  test('show a rate below one, and a dash for unknown drops', () => {
    expect(rows({ last: { statistics: counted({ drop: 1 }) }, seconds: 2 })[0]).toMatch(/ 0\.5 +1 {3}the host$/);
    expect(rows({ last: { statistics: counted({ drop: 2 }) }, seconds: 2 })[0]).toMatch(/ 1 +2 {3}the host$/);
    expect(rows({ first: { entries: 9, statistics: fault('denied') } })[0]).toMatch(/ - {3}the host$/);
  });

  test('have the colour of their state unless it is ok', () => {
    const style = (name: string) => (text: string) => `<${name}>${text.trim()}</${name}>`;
    const palette = { ...PLAIN, ok: style('ok'), warning: style('warning'), critical: style('critical') };
    const [first, second, third] = rows(
      { first: { entries: 5, others: [other('net:1', { entries: 950 }), other('net:2', { entries: 850 })] } },
      palette,
    );
    expect(first).toMatch(/^<critical>950 /);
    expect(second).toMatch(/^<warning>850 /);
    expect(third).toMatch(/^ +5 .* {3}the host$/);
  });

  test('include a note on unread and possibly invisible ones', () => {
    const unread = [unreadTable(), unreadTable({ key: 'net:9' })];
    const visibility = ok({ ...ALL, processes: 'container' as const });
    expect(rows({ first: { unread, visibility } }).slice(1)).toEqual([
      '  3 namespaces, all that this container can see.',
      '  2 not read: cannot read /proc/x: no such file.',
      '  there may be other namespaces, outside this PID namespace.',
    ]);
  });
});

describe('losing', () => {
  const lines = (incident: Incident) => counterLines(findingsOf(incident), PLAIN);

  test.each([
    ['ip_conntrack', 'match no entry, or are ICMP errors '],
    ['nf_conntrack', 'match no entry: rules may drop them '],
  ] as const)('explains the invalid counter of %s', (generation, words) => {
    const found = lines({ first: { generation, statistics: counted({ invalid: 7 }) } });
    expect(found.find((line) => line.startsWith('  invalid'))).toContain(words);
  });

  test.each([
    [countedBefore515({ insert_failed: 7 }), 'clashes with an entry of the same tuple '],
    [counted({ insert_failed: 7 }), 'clashes, and refusals for long chains '],
  ])('explains insert_failed, with refusals only if the kernel refuses entries: %#', (statistics, words) => {
    const row = lines({ first: { statistics } }).find((line) => line.startsWith('  insert_failed'));
    expect(row).toContain(words);
  });

  const log = (count: number) =>
    ok(
      { lines: 2, first: 'a', last: 'b', ago: 30, namespaces: [7, 8, 9, 10].slice(0, count), records: [] },
      '/dev/kmsg',
    );

  test('shows only counters the kernel has', () => {
    const statistics = ok({ cpus: [{ drop: 1, early_drop: 0, insert_failed: 0 }] });
    expect(
      lines({ first: { statistics } })
        .map((line) => line.trim().split(' ')[0])
        .slice(0, 4),
    ).toEqual(['over', 'drop', 'early_drop', 'insert_failed']);
    expect(lines({ first: { statistics } }).join('\n')).not.toContain('chainlength');
  });

  test('colours only current losses', () => {
    const palette = { ...PLAIN, critical: (text: string) => `!${text}` };
    const found = findingsOf({ last: { statistics: counted({ drop: 1, early_drop: 1 }) } });
    expect(counterLines(found, palette).filter((line) => line.startsWith('!'))).toHaveLength(1);
  });

  test.each<[Incident['log'], string | undefined]>([
    [fault('not-asked'), undefined],
    [fault('denied', '/dev/kmsg'), '  Kernel log: cannot read /dev/kmsg: permission denied.'],
    [log(0), '  2 "table full" lines from a to b, the last 30 s ago (/dev/kmsg).'],
    [log(1), '  2 "table full" lines from a to b, the last 30 s ago, in net:[7] (/dev/kmsg).'],
    [log(3), '  2 "table full" lines from a to b, the last 30 s ago, in net:[7], net:[8],'],
    [log(4), '  2 "table full" lines from a to b, the last 30 s ago, in net:[7], net:[8],'],
  ])('%j', (given, line) => {
    const [, , , , , , told] = lines(given === undefined ? {} : { log: given });
    expect(told).toBe(line);
  });

  const spell = { lines: 1, first: 'b', last: 'b', seconds: 0, ago: 30, times: 1, began: 30, allLines: 12 };
  test.each<[Incident['spells'], string]>([
    [{ ofTables: new Map([['own', spell]]), ofOthers: undefined }, '(/dev/kmsg); 12 about this table.'],
    [{ ofTables: new Map([['net:7', spell]]), ofOthers: undefined }, '(/dev/kmsg); none is about this table.'],
    [
      { ofTables: new Map(), ofOthers: { spell, number: undefined, isNamed: false } },
      '(/dev/kmsg); it does not say which table.',
    ],
  ])('says which tables the log lines are about: %j', (spells, words) => {
    const first = { entries: 900 };
    const said = lines({ first, log: log(0), spells: spells ?? { ofTables: new Map(), ofOthers: undefined } });
    expect(said.map((line) => line.trim()).join(' ')).toContain(words);
  });

  test('names three namespaces, and counts the rest', () => {
    expect(lines({ log: log(3) }).join(' ')).not.toContain('more');
    expect(lines({ log: log(4) }).join(' ')).toContain('net:[9] and 1 more');
  });
});

describe('memory and settings', () => {
  const lines = (changes: Changes) => settingLines(findingsOf({ first: changes }));

  test.each<[string, Changes, string]>([
    [
      'show an estimate of the slab size',
      { slabCache: fault('denied') },
      '  slab        about 0 B now, about 252.0 KiB when full; never swapped',
    ],
    [
      'show an unknown slab size',
      { slabCache: fault('denied'), release: fault('denied', '/proc/r') },
      '  slab        unknown: cannot read /proc/r: permission denied',
    ],
    [
      'show a configured limit that differs',
      { configuration: wanted(4000) },
      '  configured  limit is 1000 but /etc/sysctl.conf sets 4000',
    ],
    ['show buckets without a limit', { limit: 0 }, '  buckets     500, 3.9 KiB of memory'],
  ])('%s', (_, changes, line) => expect(lines(changes)).toContain(line));

  test('omit unknown memory, and a limit that matches the files', () => {
    const names = (changes: Changes) => lines(changes).map((line) => line.trim().split(' ')[0]);
    expect(names({ available: fault('denied'), configuration: wanted(1000) })).toEqual(['slab', 'limit', 'buckets']);
  });
});
