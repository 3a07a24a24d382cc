// When a full table of expected connections is a lead, and of which namespace.

import { describe, expect, test } from 'vitest';
import { type Given, kindsFrom, leadsFrom } from '../../../support/leads.ts';

describe('expected connections', () => {
  const at = (present: number): Given => ({
    expectMax: 256,
    elsewhere: [{}, { expectations: new Map([['own', present]]) }],
  });
  test.each<[string, Given, readonly string[]]>([
    ['below the limit', at(255), []],
    ['at the limit', at(256), ['warning expectations']],
    ['the limit is not known', { elsewhere: [{}, { expectations: new Map([['own', 256]]) }] }, []],
    ['no limit', { expectMax: 0, elsewhere: [{}, { expectations: new Map([['own', 0]]) }] }, []],
    ['nobody has counted them', { expectMax: 256 }, []],
    ['a line of a quarter of an hour ago', { logged: [{ of: 'expectations', lines: 3, ago: 900 }] }, []],
    ['a line of just now', { logged: [{ of: 'expectations', lines: 3, ago: 10 }] }, ['warning expectations']],
    ['a line of an hour ago', { logged: [{ of: 'expectations', lines: 3, ago: 3600 }] }, []],
  ])('%s', (_, given, expected) => expect(kindsFrom(given)).toEqual(expected));

  test('of the table that has the most', () => {
    const logged = { of: 'expectations', lines: 3, ago: 10 } as const;
    const most = (own: number, other: number) =>
      leadsFrom({
        expectMax: 256,
        theirs: [{}, {}],
        logged: [{ of: 'neighbours', lines: 1, ago: 5 }, logged],
        elsewhere: [
          {},
          {
            expectations: new Map([
              ['own', own],
              ['net:7', other],
            ]),
          },
        ],
      }).filter(({ kind }) => kind === 'expectations');
    expect(most(3, 300)).toMatchObject([{ table: { key: 'net:7' }, present: 300, max: 256, logged }]);
    expect(most(300, 3)).toMatchObject([{ table: { key: 'own' }, present: 300 }]);
    expect(most(3, 5)).toMatchObject([{ table: undefined, present: 5, max: 256, logged }]);
  });

  test('a full table of connections is another matter', () => {
    expect(kindsFrom({ entries: 1000 })).toEqual([]);
  });
});
