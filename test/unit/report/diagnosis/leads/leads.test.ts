// The list of leads as a whole: the files read for it, its order, and the verdict.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRoot, type Root } from '../../../../../src/kernel/root.ts';
import type { Table } from '../../../../../src/model/table.ts';
import { diagnose } from '../../../../../src/report/diagnosis/diagnosis.ts';
import type { InvalidHandling } from '../../../../../src/report/diagnosis/leads/invalid.ts';
import { type Look, leadsOf, readElsewhere, withLeads } from '../../../../../src/report/diagnosis/leads/leads.ts';
import { scratch } from '../../../../e2e/support/scratch.ts';
import { type Given, kindsFrom, sources } from '../../../support/leads.ts';

const NO_RULE: InvalidHandling = { settings: {}, rules: [] };

function invalid(before: number, after: number): NonNullable<Given['counters']> {
  return [{ invalid: before }, { invalid: after }];
}

test('no leads leave the verdict unchanged', () => {
  const found = sources({});
  expect(leadsOf(found)).toEqual([]);
  const diagnosis = diagnose(found.evaluation, undefined);
  expect(withLeads(diagnosis, [])).toBe(diagnosis);
  expect(diagnosis.trouble).toBe('none');
});

test('only leads from the log are found without a clock', () => {
  const given = {
    logged: [{ of: 'neighbours', lines: 1, ago: 5 }],
    stacks: [{ ListenDrops: 1 }, { ListenDrops: 4 }],
  } as const;
  const found = sources(given);
  const stopped = ({ observation, elsewhere }: Look): Look => ({
    observation: { ...observation, clock: undefined },
    elsewhere,
  });
  expect(kindsFrom(given)).toEqual(['warning listen', 'warning neighbours']);
  for (const blind of [{ before: stopped(found.before) }, { after: stopped(found.after) }]) {
    expect(leadsOf({ ...found, ...blind })).toMatchObject([{ kind: 'neighbours', cache: undefined }]);
    expect(leadsOf({ ...found, ...blind, log: undefined })).toEqual([]);
  }
});

describe('the verdict with leads', () => {
  const LOGGED: NonNullable<Given['logged']> = [{ of: 'expectations', lines: 1, ago: 5 }];

  test('lists the most severe first, then the current ones', () => {
    const given: Given = {
      counters: invalid(0, 50),
      handling: NO_RULE,
      logged: LOGGED,
      stacks: [{ TCPBacklogDrop: 1 }, { TCPBacklogDrop: 4 }],
    };
    expect(kindsFrom(given)).toEqual(['warning backlog', 'warning expectations', 'ok invalid']);
    const before = [{ of: 'neighbours', lines: 1, ago: 5 }] as const;
    expect(kindsFrom({ ...given, logged: before })).toEqual(['warning backlog', 'warning neighbours', 'ok invalid']);
  });

  test.each<[string, Given, string, string]>([
    ['is a warning for a loss in the log', { logged: LOGGED }, 'warning', 'elsewhere'],
    ['is ok for a lead that may be normal', { counters: invalid(0, 50), handling: NO_RULE }, 'ok', 'elsewhere'],
    ['puts a full table first', { entries: 1000, logged: LOGGED }, 'critical', 'full'],
  ])('%s', (_, given, state, trouble) => {
    const found = sources(given);
    expect(withLeads(diagnose(found.evaluation, undefined), leadsOf(found))).toMatchObject({ state, trouble });
  });

  const spell = { lines: 1, first: 'a', last: 'a', seconds: 0, ago: 20, times: 1, began: 20, allLines: 1 };
  const WAS_FULL = { ofTables: new Map(), ofOthers: { spell, number: 7, isNamed: true } };

  test.each<[string, Given, string]>([
    [
      'puts a current loss before a table that was full',
      { stacks: [{ ListenDrops: 0 }, { ListenDrops: 44 }] },
      'elsewhere',
    ],
    ['does not do so for a loss only the log shows', { logged: LOGGED }, 'was_full'],
    ['does not do so for a lead that may be normal', { counters: invalid(0, 50), handling: NO_RULE }, 'was_full'],
  ])('%s', (_, given, trouble) => {
    const found = sources(given);
    const diagnosis = withLeads(diagnose(found.evaluation, WAS_FULL), leadsOf(found));
    expect(diagnosis).toMatchObject({ state: 'warning', trouble });
  });
});

const NO_END = { left: () => Number.POSITIVE_INFINITY, elapsed: () => 0 };

function rootAt(dir: string): Root {
  const opened = openRoot(dir, NO_END);
  if ('fault' in opened) throw new Error(opened.fault.kind);
  return opened.root;
}

describe('a captured tree', () => {
  const NOT_ASKED = { ok: false, fault: { kind: 'not-asked', source: 'it' } } as const;
  const OWN: Table = {
    key: 'own',
    isOwn: true,
    isInitial: true,
    pids: [],
    number: undefined,
    mount: undefined,
    entries: 1,
    entriesSource: 'x',
    limit: 10,
    limitSource: 'x',
    statistics: NOT_ASKED,
    extensions: { acct: NOT_ASKED, timestamp: NOT_ASKED, events: NOT_ASKED, listener: NOT_ASKED },
  };

  test('shows only expected connections, which need one sample', () => {
    const dir = scratch();
    const put = (path: string, text: string) => {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    };
    const line = '299 l3proto = 2 proto=17 src=127.0.0.1 dst=127.0.0.1 sport=0 dport=10001 tftp\n';
    put('proc/net/nf_conntrack_expect', line.repeat(3));
    put('proc/net/netstat', 'TcpExt: ListenDrops\nTcpExt: 7\n');
    put('proc/net/stat/arp_cache', 'entries  table_fulls\n00000001 00000001\n');
    const root = rootAt(dir);
    expect(readElsewhere(root, [OWN], 'all')).toEqual({
      allowances: [],
      zones: [],
      dataPlanes: [],
      expectations: new Map([['own', 3]]),
    });
    expect(root.attempts.map(({ source }) => source)).toEqual([`${dir}/proc/net/nf_conntrack_expect`]);
    expect(readElsewhere(root, [OWN], 'counters')).toEqual({ allowances: [] });
  });
});
