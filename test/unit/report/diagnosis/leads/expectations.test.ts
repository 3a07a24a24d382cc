// A full table of expected connections: when it is a lead, and for which namespace.

import { describe, expect, test } from 'vitest';
import { type Given, kindsFrom, leadsFrom } from '../../../support/leads.ts';

describe('expected connections are a lead', () => {
  const at = (present: number): Given => ({
    expectMax: 256,
    elsewhere: [{}, { expectations: new Map([['own', present]]) }],
  });
  test.each<[string, Given, readonly string[]]>([
    ['not below the limit', at(255), []],
    ['at the limit', at(256), ['warning expectations']],
    ['not with an unknown limit', { elsewhere: [{}, { expectations: new Map([['own', 256]]) }] }, []],
    ['not without a limit', { expectMax: 0, elsewhere: [{}, { expectations: new Map([['own', 0]]) }] }, []],
    ['not if their number is unknown', { expectMax: 256 }, []],
    ['not after a log line of 15 min ago', { logged: [{ of: 'expectations', lines: 3, ago: 900 }] }, []],
    ['after a log line of 10 s ago', { logged: [{ of: 'expectations', lines: 3, ago: 10 }] }, ['warning expectations']],
    ['not after a log line of an hour ago', { logged: [{ of: 'expectations', lines: 3, ago: 3600 }] }, []],
  ])('%s', (_, given, expected) => expect(kindsFrom(given)).toEqual(expected));

  test('for the table with the most', () => {
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

  test('not if only the connection table is full', () => {
    expect(kindsFrom({ entries: 1000 })).toEqual([]);
  });
});
