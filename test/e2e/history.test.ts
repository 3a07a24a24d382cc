// Rates, growth and time to full over several runs, on machines whose clock the test sets.

import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Machine, machine } from './support/machine.ts';
import { type Answer, command, ENV, RUN } from './support/plugin.ts';

const WRAP = 2 ** 32;

function perfdata({ stdout }: Answer, label: string): string | undefined {
  return new RegExp(` ${label}=([^ \n]*)`).exec(stdout)?.[1];
}

function folder({ state }: Machine): string {
  return join(state, String(process.geteuid?.()), 'check_conntrack');
}

function onlyFile(here: Machine): string {
  const [name = '', ...others] = readdirSync(folder(here));
  expect(others).toEqual([]);
  return join(folder(here), name);
}

describe('what was lost', () => {
  test('is on line 1 in whole events over the real span, without any threshold', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [100, 200] });
    const answer = here.check({ uptime: 1060, drop: [600, 904] });
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toMatch(
      /^CONNTRACK OK - 1000 of 262144 entries \(0\.4%\), 1204 packets dropped in the last 60 s, at least about /,
    );
    expect(perfdata(answer, 'drop_rate')).toBe('20.067;;;0');
  });

  test('each lost packet is named once, by why it was; an eviction is no loss', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    const answer = here.check({ uptime: 1060, drop: [3], insert_failed: [7], chainlength: [5], early_drop: [900] });
    expect(answer.stdout).toContain(
      ' (0.4%), 1 packet dropped, 2 packets lost to clashes (as when NAT has no free port), 5 refused by long hash chains in the last 60 s, at least about',
    );
    expect(answer.stdout).not.toContain('evicted');
    expect(perfdata(answer, 'early_drop_rate')).toBe('15;;;0');
  });

  test('a threshold on it comes first, in words', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    const answer = here.check(
      { uptime: 1060, drop: [60], early_drop: [30] },
      '-w',
      'early_drop_rate=0',
      '-c',
      'drop_rate=0.5',
    );
    expect(answer.status).toBe(2);
    expect(answer.stdout).toMatch(
      /^CONNTRACK CRITICAL - 60 packets dropped in the last 60 s; 30 entries evicted in the last 60 s; 1000 of 262144 entries \(0\.4%\) \|/,
    );
    expect(perfdata(answer, 'drop_rate')).toBe('1;;0.5;0');
  });

  test('nothing lost, nothing said', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [5] });
    const answer = here.check({ uptime: 1060, drop: [5] }, '-c', 'drop_rate=0');
    expect(answer).toMatchObject({ status: 0 });
    expect(answer.stdout).not.toContain('in the last');
    expect(perfdata(answer, 'drop_rate')).toBe('0;;0;0');
  });

  test('counters wrap at 32 bits, each CPU by itself', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [WRAP - 10, 5] });
    expect(here.check({ uptime: 1060, drop: [20, 5] }).stdout).toContain(', 30 packets dropped in the last 60 s');
  });

  test('a run by hand does not swallow a burst', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    here.check({ uptime: 1050, drop: [500] });
    expect(here.check({ uptime: 1060, drop: [500] }).stdout).toContain(', 500 packets dropped in the last 60 s');
  });

  test('neither do a hundred runs by hand', { timeout: 60_000 }, () => {
    const here = machine();
    here.check({ uptime: 1000 });
    for (let run = 1; run <= 100; run++) here.check({ uptime: 1250 + run / 10, drop: [5] });
    expect(here.check({ uptime: 1290, drop: [5] }).stdout).toContain(', 5 packets dropped in the last 290 s');
    expect(readFileSync(onlyFile(here), 'latin1').length).toBeLessThan(2000);
  });

  test('the window is looked back over, from the oldest sample inside of it', () => {
    const here = machine();
    for (const at of [0, 1, 2, 3, 4]) here.check({ uptime: 1000 + 100 * at, drop: [at * 10] });
    expect(here.check({ uptime: 1450, drop: [45] }).stdout).toContain(', 25 packets dropped in the last 250 s');
  });

  test('where the window is empty, from the newest sample before it', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [1] });
    here.check({ uptime: 2000, drop: [2] });
    const answer = here.check({ uptime: 9200, drop: [5] });
    expect(answer.stdout).toContain(', 3 packets dropped in the last 2 h');
  });

  test('--window is how far', () => {
    const here = machine();
    const checkAt = (uptime: number, drop: number) => here.check({ uptime, drop: [drop] }, '--window', '60');
    for (const at of [0, 1, 2, 3]) checkAt(1000 + 30 * at, at);
    expect(checkAt(1100, 9).stdout).toContain(', 7 packets dropped in the last 40 s');
  });
});

describe('no rate, named, and no change of state', () => {
  const before = { uptime: 1000, drop: [1000, 1000] };
  test.each<[string, Parameters<Machine['check']>[0]]>([
    ['the machine was rebooted', { uptime: 60, drop: [9, 9], boot: '99999999-2222-3333-4444-555555555555' }],
    ['the counters were reset', { uptime: 1060, drop: [9, 1000] }],
    ['the number of CPUs changed', { uptime: 1060, drop: [2000, 2000, 2000] }],
    ['the clock did not move', { uptime: 1000, drop: [2000, 2000] }],
    ['the clock did not move', { uptime: 900, drop: [2000, 2000] }],
  ])('%s', (why, moment) => {
    const here = machine();
    here.check(before);
    const answer = here.check(moment, '-v', '-c', 'drop_rate=0', '-w', 'time_to_full=1d:');
    expect(answer).toMatchObject({ status: 0, stderr: '' });
    expect(answer.stdout).toContain(`\nnot judged: drop_rate: ${why}\n`);
    expect(answer.stdout).toContain(`\nno rates yet: ${why} (`);
    expect(perfdata(answer, 'drop_rate')).toBe(undefined);
    // The next run has something to compare with again.
    const next = here.check({ ...moment, uptime: moment.uptime + 10 }, '-c', 'drop_rate=0');
    expect(perfdata(next, 'drop_rate')).toBe('0;;0;0');
  });

  test('first run', () => {
    const answer = machine().check(before, '-v', '-c', 'drop_rate=0');
    expect(answer.status).toBe(0);
    expect(answer.stdout).toContain('\nnot judged: drop_rate: first run\n');
  });

  test('unsupported by this kernel', () => {
    const here = machine();
    const strip = (): void =>
      writeFileSync(join(here.root, 'proc/net/stat/nf_conntrack'), 'entries drop\n00000001 00000002\n');
    here.check({ uptime: 1000, drop: [1] });
    writeFileSync(join(here.root, 'proc/uptime'), '1060.00 1.00\n');
    strip();
    const args = [
      '--root',
      here.root,
      '--state-dir',
      here.state,
      '-v',
      '-c',
      'chainlength_rate=0',
      '-c',
      'drop_rate=0',
    ];
    const answer = command(ENV, [...RUN, ...args]);
    expect(answer.stdout).toContain('\nnot judged: chainlength_rate: unsupported by this kernel\n');
    expect(answer.stdout).toMatch(/^CONNTRACK CRITICAL - 1 packet dropped in the last 60 s;/);
  });

  test('after a reset what came before it is not compared with', () => {
    const here = machine();
    here.check({ uptime: 1000, drop: [1000] });
    here.check({ uptime: 1060, drop: [5] });
    expect(here.check({ uptime: 1120, drop: [8] }).stdout).toContain(', 3 packets dropped in the last 60 s');
  });

  test('a table without counters still has its growth', () => {
    const here = machine();
    for (let run = 0; run < 6; run++) {
      here.check({ uptime: 1000 + run, entries: 1000 + 10 * run });
      rmSync(join(here.root, 'proc/net/stat/nf_conntrack'));
      const answer = command(ENV, [...RUN, '--root', here.root, '--state-dir', here.state]);
      expect(answer.status).toBe(0);
    }
  });
});

describe('where the table is heading', () => {
  function fill(here: Machine, entries: readonly number[]): void {
    for (const [at, count] of entries.entries()) here.check({ uptime: 1000 + 60 * at, entries: count });
  }

  test('growth and time to full after five samples, not before', () => {
    const here = machine();
    fill(here, [1000, 1600, 2200]);
    const fourth = here.check({ uptime: 1180, entries: 2800 }, '-v', '-c', 'time_to_full=1d:');
    expect(fourth.status).toBe(0);
    expect(fourth.stdout).toContain('\nnot judged: time_to_full: too few samples in the window yet\n');
    const fifth = here.check({ uptime: 1240, entries: 3400 });
    expect(perfdata(fifth, 'growth')).toBe('10');
    expect(perfdata(fifth, 'time_to_full')).toBe('25874s;;;0');
  });

  test('one odd sample does not bend it, wherever it is', () => {
    for (const odd of [0, 1, 2, 3, 4]) {
      const here = machine();
      fill(here, [1000, 1600, 2200, 2800, 3400].map((count, at) => (at === odd ? 200_000 : count)).slice(0, 4));
      const answer = here.check({ uptime: 1240, entries: odd === 4 ? 200_000 : 3400 });
      expect(Number(perfdata(answer, 'growth'))).toBeCloseTo(10, 1);
    }
  });

  test('a threshold on it says when', () => {
    const here = machine();
    fill(here, [10_000, 34_000, 58_000, 82_000]);
    const answer = here.check({ uptime: 1240, entries: 106_000 }, '-w', 'time_to_full=1h:', '-c', 'time_to_full=15m:');
    expect(answer.status).toBe(2);
    expect(answer.stdout).toMatch(
      /^CONNTRACK CRITICAL - full in 390 s at the present rate; 106000 of 262144 entries \(40\.4%\) \|/,
    );
    expect(perfdata(answer, 'time_to_full')).toBe('390s;3600:;900:;0');
  });

  test('minutes and hours read well', () => {
    const here = machine();
    fill(here, [10_000, 20_000, 30_000, 40_000]);
    const answer = here.check({ uptime: 1240, entries: 50_000 }, '-w', 'time_to_full=1h:');
    expect(answer.stdout).toContain('full in 21 min at the present rate');
  });

  test('a shrinking table has growth below zero and no time', () => {
    const here = machine();
    fill(here, [5000, 4000, 3000, 2000]);
    const answer = here.check({ uptime: 1240, entries: 1000 }, '-v', '-c', 'time_to_full=1d:', '-w', 'growth=~:10');
    expect(answer.status).toBe(0);
    expect(perfdata(answer, 'growth')).toBe('-16.667;~:10');
    expect(perfdata(answer, 'time_to_full')).toBe(undefined);
    expect(answer.stdout).toContain('\nnot judged: time_to_full: not growing\n');
  });

  test('a table that is full already is full in no time', () => {
    const here = machine();
    fill(here, [100_000, 150_000, 200_000, 250_000]);
    const answer = here.check({ uptime: 1240, entries: 262_144 }, '-c', 'time_to_full=1m:');
    expect(answer.stdout).toContain('full and growing');
  });
});

describe('the state directory', () => {
  const judged = ['-v', '-c', 'drop_rate=1000'];

  /** Makes a history of two runs, does something to it, and runs twice more. */
  function damaged(damage: (here: Machine) => void): { readonly hurt: Answer; readonly next: Answer } {
    const here = machine();
    here.check({ uptime: 1000 });
    here.check({ uptime: 1060 });
    damage(here);
    const hurt = here.check({ uptime: 1120 }, ...judged);
    return { hurt, next: here.check({ uptime: 1180 }, ...judged) };
  }

  const file = onlyFile;
  test.each<[string, (here: Machine) => void, RegExp]>([
    [
      'truncated',
      (here) => writeFileSync(file(here), readFileSync(file(here), 'latin1').slice(0, 60)),
      /not in a known format/,
    ],
    ['empty', (here) => writeFileSync(file(here), ''), /not in a known format/],
    ['garbage', (here) => writeFileSync(file(here), '\u0000secret|\n'), /not in a known format/],
    ['JSON of another kind', (here) => writeFileSync(file(here), '["secret"]'), /not in a known format/],
    ['JSON null', (here) => writeFileSync(file(here), 'null'), /not in a known format/],
    ['of no schema', (here) => replaceIn(file(here), '"schema":3', '"schema":"secret"'), /not in a known format/],
    ['with a counter without a name', (here) => replaceIn(file(here), '["drop",', '[7,'), /not in a known format/],
    ['with a text for a figure', (here) => replaceIn(file(here), '[1000,', '["secret",'), /not in a known format/],
    ['with a figure below zero', (here) => replaceIn(file(here), '[1000,', '[-1000,'), /not in a known format/],
    [
      'with a fraction of an entry',
      (here) => replaceIn(file(here), '[1000,1000,', '[1000,0.5,'),
      /not in a known format/,
    ],
    ['with a clock of other centuries', (here) => replaceIn(file(here), '[1000,', '[1e300,'), /not in a known format/],
    [
      'with a counter of more than 32 bits',
      (here) => replaceIn(file(here), '[0]', '[[4294967296,0,0,0,0,0]]'),
      /not in a known format/,
    ],
    [
      'with a fraction of an event',
      (here) => replaceIn(file(here), '[0]', '[[0.5,0,0,0,0,0]]'),
      /not in a known format/,
    ],
    [
      'with more samples than are kept',
      (here) => replaceIn(file(here), '[[1000,', `[${'[1,1,[0]],'.repeat(16)}[1000,`),
      /not in a known format/,
    ],
    [
      'with more CPUs than Linux can have',
      (here) => replaceIn(file(here), '[0]', `[${'0,'.repeat(8192)}0]`),
      /not in a known format/,
    ],
    ['with a counter too many', (here) => replaceIn(file(here), '[0]', '[1]'), /not in a known format/],
    ['a symbolic link', (here) => replaceByLink(file(here)), /a symbolic link/],
    ['a FIFO', (here) => replaceByFifo(file(here)), /not a regular file/],
    ['writable by others', (here) => chmodSync(file(here), 0o666), /other users may write to it/],
    ['too large', (here) => writeFileSync(file(here), ' '.repeat(5_000_000)), /larger than 4194304 bytes/],
  ])('a file that is %s: UNKNOWN if judged, and better next time', (_, damage, words) => {
    const { hurt, next } = damaged(damage);
    expect(hurt).toMatchObject({ status: 3, stderr: '' });
    expect(hurt.stdout).toMatch(/^CONNTRACK UNKNOWN - no drop_rate: cannot (use|read) \S+\.json: /);
    expect(hurt.stdout).toMatch(words);
    expect(hurt.stdout).toContain('1000 of 262144 entries');
    expect(hurt.stdout).not.toContain('secret');
    expect(next).toMatchObject({ status: 0, stderr: '' });
    expect(perfdata(next, 'drop_rate')).toBe('0;;1000;0');
  });

  test.each<[string, (here: Machine) => void, RegExp]>([
    ['with one counter more', (here) => addCounter(file(here)), /rates: over 120 s, 3 samples/],
    ['without the names of its counters', (here) => olderSchema(file(here)), /rates: over 120 s, 3 samples/],
    ['of a form that nobody knows', (here) => writeFileSync(file(here), '{"schema":9}'), /no rates yet: first run/],
  ])('a file of another version, %s: what is common is taken, and nothing is UNKNOWN', (_, change, words) => {
    const { hurt, next } = damaged(change);
    expect(hurt).toMatchObject({ status: 0, stderr: '' });
    expect(hurt.stdout).toMatch(words);
    expect(next).toMatchObject({ status: 0, stderr: '' });
    expect(perfdata(next, 'drop_rate')).toBe('0;;1000;0');
  });

  const own = (here: Machine): string => join(here.state, String(process.geteuid?.()));
  test.each<[string, (here: Machine) => void, RegExp]>([
    ['a directory in the place of the file', (here) => replaceByFolder(file(here)), /cannot (read|write) /],
    ['a link in the place of our directory', (here) => moveAndLink(own(here)), /not a directory/],
    ['a file in the place of our directory', (here) => replaceByFile(own(here)), /not a directory/],
    ['our directory writable by others', (here) => chmodSync(own(here), 0o777), /other users may write to it/],
    ['no state directory', (here) => rmSync(here.state, { recursive: true }), /no such file/],
    ['a file for a state directory', (here) => replaceByFile(here.state), /not a directory/],
  ])('%s: UNKNOWN if judged, and only then', (_, damage, words) => {
    const { hurt, next } = damaged(damage);
    for (const answer of [hurt, next]) {
      expect(answer).toMatchObject({ status: 3, stderr: '' });
      expect(answer.stdout).toMatch(/^CONNTRACK UNKNOWN - no drop_rate: /);
      expect(answer.stdout).toMatch(words);
    }
    const here = machine();
    here.check({ uptime: 1000 });
    damage(here);
    const unjudged = here.check({ uptime: 1060 }, '-v');
    expect(unjudged).toMatchObject({ status: 0, stderr: '' });
    expect(unjudged.stdout).toMatch(/\nno history: cannot /);
  });

  test('what a planted link points to is not touched', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    const victim = join(here.root, 'victim');
    writeFileSync(victim, 'precious');
    const path = file(here);
    rmSync(path);
    symlinkSync(victim, path);
    here.check({ uptime: 1060 });
    expect(readFileSync(victim, 'latin1')).toBe('precious');
    expect(statSync(path).isFile()).toBe(true);
  });

  test('ours alone: directories 0700, files 0600', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect([mode(own(here)), mode(folder(here)), mode(file(here))]).toEqual([0o700, 0o700, 0o600]);
  });

  test('what was killed between writing and renaming is cleared away, what is being written is not', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    const [old, fresh, forgotten] = ['a.json.1-1-1.tmp', 'b.json.2-2-2.tmp', 'net-1-300.json'].map((name) =>
      join(folder(here), name),
    );
    for (const path of [old, fresh, forgotten]) writeFileSync(path ?? '', 'half');
    const ago = (seconds: number): Date => new Date(Date.now() - 1000 * seconds);
    utimesSync(old ?? '', ago(120), ago(120));
    utimesSync(forgotten ?? '', ago(40 * 86400), ago(40 * 86400));
    here.check({ uptime: 1060 });
    expect(
      readdirSync(folder(here)).filter(
        (name) => name.startsWith('a') || name.startsWith('b') || name === 'net-1-300.json',
      ),
    ).toEqual(['b.json.2-2-2.tmp']);
  });

  test('another tree and another window have files of their own', () => {
    const [one, other] = [machine(), machine()];
    one.check({ uptime: 1000 });
    const foreign = command(ENV, [...RUN, '--root', other.root, '--state-dir', one.state, '-v']);
    expect(foreign.stdout).toContain('first run');
    expect(one.check({ uptime: 1060 }, '--window', '60', '-v').stdout).toContain('first run');
    expect(readdirSync(folder(one)).length).toBe(3);
  });

  test('twenty checks at the same time all finish, and leave a valid history', async () => {
    const here = machine();
    here.check({ uptime: 1000 });
    writeFileSync(join(here.root, 'proc/uptime'), '1060.00 1.00\n');
    const args = [...RUN, '--root', here.root, '--state-dir', here.state, '-c', 'drop_rate=1000'];
    const runs = Array.from({ length: 20 }, () => {
      const child = spawn(ENV, args, { stdio: 'ignore' });
      return new Promise((resolve) => child.on('exit', resolve));
    });
    expect(await Promise.all(runs)).toEqual(Array.from({ length: 20 }, () => 0));
    expect(perfdata(here.check({ uptime: 1120 }), 'drop_rate')).toBe('0;;;0');
    file(here);
  });

  test.each(['MP_STATE_PATH', 'NAGIOS_PLUGIN_STATE_DIRECTORY'])('$%s names it too', (name) => {
    const here = machine();
    here.check({ uptime: 1000 });
    writeFileSync(join(here.root, 'proc/uptime'), '1060.00 1.00\n');
    const answer = command(ENV, [...RUN, '--root', here.root], { ...process.env, [name]: here.state });
    expect(perfdata(answer, 'drop_rate')).toBe('0;;;0');
  });
});

/** As a later version may write it: another counter in front, and figures for each. */
function addCounter(path: string): void {
  replaceIn(path, '"schema":3', '"schema":4');
  replaceIn(path, '["drop",', '["later","drop",');
  replaceIn(path, '[1000,1000,[0]]', '[1000,1000,[[7,0,0,0,0,0,0]]]');
}

/** As version 0.1.0 wrote it. */
function olderSchema(path: string): void {
  replaceIn(path, '"schema":3', '"schema":2');
  replaceIn(path, '"counters":["drop","early_drop","insert_failed","chainlength","invalid","clashres"],', '');
}

function replaceIn(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'latin1');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

function replaceByLink(path: string): void {
  const aside = `${path}.aside`;
  writeFileSync(aside, readFileSync(path));
  rmSync(path);
  symlinkSync(aside, path);
}

function replaceByFifo(path: string): void {
  rmSync(path);
  execFileSync('mkfifo', [path]);
}

function replaceByFolder(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

function replaceByFile(path: string): void {
  rmSync(path, { recursive: true });
  writeFileSync(path, '');
}

function moveAndLink(path: string): void {
  execFileSync('mv', [path, `${path}.aside`]);
  symlinkSync(`${path}.aside`, path);
}
