// The text of a state file: what was written comes back, another version is read as far as it is understood, and nothing
// else is taken for one.

import { describe, expect, test } from 'vitest';
import { formatState, parseStateFile, type StoredState } from '../../../src/history/state-file.ts';
import { QUIET } from '../support/observation.ts';

const NAMES = ['drop', 'early_drop', 'insert_failed', 'chainlength'];
const CELLS = [1, 2, 3, 4];

/** One sample of one table, with something else in places. */
function text(changes: object = {}, sample: unknown = [100.5, 7, [CELLS], 9]): string {
  return JSON.stringify({ schema: 4, boot: 'b', counters: NAMES, tables: { 'net:1': [sample] }, ...changes });
}

function cpusOf(state: ReturnType<typeof parseStateFile>): unknown {
  return typeof state === 'string' ? state : state.tables.get('net:1')?.map(({ cpus }) => cpus);
}

describe('the text that was written', () => {
  const state: StoredState = {
    boot: 'b',
    tables: new Map([
      [
        'net:1',
        [
          { uptime: 1.5, entries: 2, limit: 2 ** 32 - 1, cpus: [QUIET, { ...QUIET, drop: 9 }] },
          { uptime: 3, entries: 0, cpus: [{ drop: 0 }] },
        ],
      ],
      ['net:2', []],
    ]),
  };

  test('comes back', () => expect(parseStateFile(formatState(state))).toEqual(state));

  test('is a line, with the counters by name, and short where nothing was counted', () => {
    expect(formatState(state)).toBe(
      '{"schema":4,"boot":"b","counters":["drop","early_drop","insert_failed","chainlength","invalid","clashres","icmp_error"],' +
        '"tables":{"net:1":[[1.5,2,[0,[9,0,0,0,0,0,0]],4294967295],[3,0,[[0,null,null,null,null,null,null]]]],"net:2":[]}}\n',
    );
  });
});

describe('another version', () => {
  test('the one before had no names', () => {
    const old = text({ schema: 2, counters: undefined });
    expect(cpusOf(parseStateFile(old))).toEqual([[{ drop: 1, early_drop: 2, insert_failed: 3, chainlength: 4 }]]);
  });

  test('samples before schema 4 have no limit', () => {
    const old = parseStateFile(text({ schema: 3 }, [100, 7, [CELLS]]));
    const current = parseStateFile(text({}, [100, 7, [CELLS], 0]));
    expect(typeof old === 'string' ? old : old.tables.get('net:1')?.[0]).not.toHaveProperty('limit');
    expect(typeof current === 'string' ? current : current.tables.get('net:1')?.[0]).toHaveProperty('limit', 0);
  });

  test('an unknown counter is ignored, and a missing one is unknown', () => {
    const later = text({ schema: 5, counters: ['drop', 'brand_new'] }, [100, 7, [[1, 99], 0]]);
    expect(cpusOf(parseStateFile(later))).toEqual([[{ drop: 1 }, { drop: 0 }]]);
  });

  test.each([
    ['counters of another form', text({ schema: 5, counters: 'drop' })],
    ['tables of another form', text({ schema: 5, tables: [] })],
    ['samples of another form', text({ schema: 5 }, { uptime: 1 })],
    ['no boot', text({ schema: 5, boot: 7 })],
  ])('nothing usable: %s', (_, later) => expect(parseStateFile(later)).toBe('empty'));
});

describe('not a state file', () => {
  const row = (cells: unknown) => [100, 7, [cells]];

  test.each<[string, string]>([
    ['no text', ''],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['nothing', 'null'],
    ['a figure', '3'],
    ['no schema', text({ schema: undefined })],
    ['a schema that is none', text({ schema: -1 })],
    ['a schema with a point in it', text({ schema: 3.5 })],
    ['a schema in words', text({ schema: '3' })],
    ['no boot', text({ boot: undefined })],
    ['counters that are no list', text({ counters: {} })],
    ['counters that are no names', text({ counters: ['drop', 1, 'x', 'y'] })],
    ['more counters than any kernel has', text({ counters: Array(65).fill('x') }, row(Array(65).fill(0)))],
    ['no tables', text({ tables: undefined })],
    ['tables that are a list', text({ tables: [] })],
    ['tables that are nothing', text({ tables: null })],
    ['samples that are no list', text({ tables: { 'net:1': 5 } })],
    ['more samples than are kept', text({ tables: { 'net:1': Array(17).fill(row(CELLS)) } })],
    ['a sample that is no list', text({}, { length: 3 })],
    ['a sample of two', text({}, [100, 7])],
    ['a sample of five', text({}, [100, 7, [CELLS], 1, 1])],
    ['a limit that is no figure', text({}, [100, 7, [CELLS], null])],
    ['a limit below zero', text({}, [100, 7, [CELLS], -1])],
    ['a limit of more than 32 bits', text({}, [100, 7, [CELLS], 2 ** 32])],
    ['an uptime that is no figure', text({}, ['100', 7, [CELLS]])],
    ['an uptime below zero', text({}, [-1, 7, [CELLS]])],
    ['an uptime of four centuries', text({}, [1.1e10, 7, [CELLS]])],
    ['entries with a point in them', text({}, [100, 7.5, [CELLS]])],
    ['more entries than can be counted', text({}, [100, 2 ** 32, [CELLS]])],
    ['no CPUs', text({}, [100, 7, null])],
    ['CPUs that are no list', text({}, [100, 7, { length: 1 }])],
    ['more CPUs than there can be', text({}, [100, 7, Array(8193).fill(0)])],
    ['a CPU that is no list', text({}, row(1))],
    ['a row of three', text({}, row([1, 2, 3]))],
    ['a row of five', text({}, row([1, 2, 3, 4, 5]))],
    ['a cell below zero', text({}, row([1, 2, 3, -4]))],
    ['a cell that no counter holds', text({}, row([1, 2, 3, 2 ** 32]))],
    ['a cell with a point in it', text({}, row([1, 2, 3, 4.5]))],
    ['a cell in words', text({}, row([1, 2, 3, '4']))],
    ['one good table and one that is not', text({ tables: { 'net:1': [row(CELLS)], 'net:2': 5 } })],
    ['one good sample and one that is not', text({ tables: { 'net:1': [row(CELLS), 5] } })],
    ['one good CPU and one that is not', text({}, [100, 7, [CELLS, 5]])],
  ])('%s', (_, given) => expect(parseStateFile(given)).toBe('malformed'));

  test('at the bounds it is still ours', () => {
    const largest = 2 ** 32 - 1;
    expect(parseStateFile(text({}, [1e10, largest, [Array(4).fill(largest)]]))).toMatchObject({ boot: 'b' });
    expect(parseStateFile(text({}, [0, 0, Array(8192).fill(0)]))).toMatchObject({ boot: 'b' });
    expect(parseStateFile(text({ tables: { 'net:1': Array(16).fill(row(CELLS)) } }))).toMatchObject({ boot: 'b' });
    expect(
      parseStateFile(text({ counters: [...NAMES, ...Array(60).fill('x')] }, row(Array(64).fill(0)))),
    ).toMatchObject({
      boot: 'b',
    });
  });

  test('a counter that a CPU lacks has no key', () => {
    expect(cpusOf(parseStateFile(text({}, row([1, null, 3, null]))))).toEqual([[{ drop: 1, insert_failed: 3 }]]);
  });
});
