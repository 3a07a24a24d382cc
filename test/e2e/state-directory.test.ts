// State between runs: its path, its owner, and which of it is trusted.

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
import { folder, type Machine, machine, onlyFile, perfdata } from './support/machine.ts';
import { type Answer, command, ENV, RUN } from './support/plugin.ts';

describe('the state directory', () => {
  const judged = ['-v', '-c', 'drop_rate=1000'];

  /** Makes a history of two runs, damages it, and runs twice more. */
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
    ['of no schema', (here) => replaceIn(file(here), '"schema":4', '"schema":"secret"'), /not in a known format/],
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
      (here) => replaceIn(file(here), '[0]', '[[4294967296,0,0,0,0,0,0]]'),
      /not in a known format/,
    ],
    [
      'with a fraction of an event',
      (here) => replaceIn(file(here), '[0]', '[[0.5,0,0,0,0,0,0]]'),
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
    ['of an unknown form', (here) => writeFileSync(file(here), '{"schema":9}'), /no rates yet: first run/],
  ])('a file of another version, %s: uses what both have, and nothing is UNKNOWN', (_, change, words) => {
    const { hurt, next } = damaged(change);
    expect(hurt).toMatchObject({ status: 0, stderr: '' });
    expect(hurt.stdout).toMatch(words);
    expect(next).toMatchObject({ status: 0, stderr: '' });
    expect(perfdata(next, 'drop_rate')).toBe('0;;1000;0');
  });

  const own = (here: Machine): string => join(here.state, String(process.geteuid?.()));
  test.each<[string, (here: Machine) => void, RegExp]>([
    ['a directory in place of the file', (here) => replaceByFolder(file(here)), /cannot (read|write) /],
    ['a link in place of our directory', (here) => moveAndLink(own(here)), /not a directory/],
    ['a file in place of our directory', (here) => replaceByFile(own(here)), /not a directory/],
    ['our directory writable by others', (here) => chmodSync(own(here), 0o777), /other users may write to it/],
    ['no state directory', (here) => rmSync(here.state, { recursive: true }), /no such file/],
    ['a file as the state directory', (here) => replaceByFile(here.state), /not a directory/],
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
    expect(unjudged.stdout).toMatch(/^CONNTRACK OK - [^|\n]*; no history: cannot /);
    expect(unjudged.stdout).toMatch(/\nno history: cannot /);
  });

  test('does not touch the target of a planted link', () => {
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

  test('only for us: directories 0700, files 0600', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect([mode(own(here)), mode(folder(here)), mode(file(here))]).toEqual([0o700, 0o700, 0o600]);
  });

  test('removes files of a run killed before renaming, but not those being written', () => {
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

  test('another tree and another window have their own files', () => {
    const [first, other] = [machine(), machine()];
    first.check({ uptime: 1000 });
    const foreign = command(ENV, [...RUN, '--root', other.root, '--state-dir', first.state, '-v']);
    expect(foreign.stdout).toContain('first run');
    expect(first.check({ uptime: 1060 }, '--window', '60', '-v').stdout).toContain('first run');
    expect(readdirSync(folder(first)).length).toBe(3);
  });

  test('twenty concurrent checks all finish, and leave a valid history', async () => {
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

  test.each(['MP_STATE_PATH', 'NAGIOS_PLUGIN_STATE_DIRECTORY'])('$%s is used too', (name) => {
    const here = machine();
    here.check({ uptime: 1000 });
    writeFileSync(join(here.root, 'proc/uptime'), '1060.00 1.00\n');
    const answer = command(ENV, [...RUN, '--root', here.root], { ...process.env, [name]: here.state });
    expect(perfdata(answer, 'drop_rate')).toBe('0;;;0');
  });
});

/** A later version may write this: one more counter in front, with figures. */
function addCounter(path: string): void {
  replaceIn(path, '"schema":4', '"schema":5');
  replaceIn(path, '["drop",', '["later","drop",');
  replaceIn(path, '[1000,1000,[0],', '[1000,1000,[[7,0,0,0,0,0,0,0]],');
}

/** The form of version 0.1.0. */
function olderSchema(path: string): void {
  replaceIn(path, '"schema":4', '"schema":2');
  replaceIn(
    path,
    '"counters":["drop","early_drop","insert_failed","chainlength","invalid","clashres","icmp_error"],',
    '',
  );
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
