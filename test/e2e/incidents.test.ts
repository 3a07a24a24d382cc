// Incidents on record: what a check with --record keeps of a night, what `incidents` says of it in the morning, and what
// may stand in the way. The live tests have real floods.

import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { folder, type Machine, type Moment, machine } from './support/machine.ts';
import { type Answer, command, ENV, plugin, RUN, TOP } from './support/plugin.ts';
import { scratch } from './support/tree.ts';

const FULL = 262_144;
const isValid = new Ajv({ allowUnionTypes: true }).compile(
  JSON.parse(readFileSync(join(TOP, 'nagios/check_conntrack.schema.json'), 'utf8')),
);
const UID = String(process.geteuid?.());

/** Checks once a minute, from the first minute on. */
function night(here: Machine, minutes: readonly Partial<Moment>[], ...args: readonly string[]): readonly Answer[] {
  return minutes.map((minute, at) => here.check({ uptime: 1000 + 60 * at, ...minute }, '--record', ...args));
}

/** Fills for two minutes, loses packets meanwhile, and is well again when the window is over. */
const BURST: readonly Partial<Moment>[] = [
  { drop: [5] },
  { entries: FULL, drop: [105] },
  { entries: FULL, drop: [1205] },
  { drop: [1205] },
  { drop: [1205], uptime: 1500 },
];

function incidents({ state }: Machine, ...args: readonly string[]): Answer {
  return plugin('incidents', ...args, '--state-dir', state);
}

function documents(here: Machine, ...args: readonly string[]) {
  const { stdout } = incidents(here, ...args, '--format', 'json');
  const document = JSON.parse(stdout);
  expect(isValid(document), JSON.stringify(isValid.errors)).toBe(true);
  return document.incidents;
}

function kept(here: Machine): string {
  return join(folder(here), 'incidents');
}

function filesIn(here: Machine): readonly string[] {
  return existsSync(kept(here)) ? readdirSync(kept(here)).sort() : [];
}

/** The file with the record of the only incident. */
function record(here: Machine): string {
  const names = filesIn(here).filter((name) => /Z-[0-9a-f]{8}(?:\.open)?\.json$/.test(name));
  expect(names).toHaveLength(1);
  return join(kept(here), names[0] ?? '');
}

describe('a burst in the night', () => {
  test('start, end, losses by cause, peak and both reports', () => {
    const here = machine();
    night(here, BURST);
    const [incident, ...others] = documents(here, '1');
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      number: 1,
      table: { name: 'this tree' },
      ended: 'clean',
      seconds: 440,
      lost: { table_full: 1200, clash: 0, long_chain: 0, table_full_or_clash: 0 },
      peak_entries: FULL,
      peak_max: FULL,
      first: { lost_per_second: 100 / 60, usage_percent: 100, missing: null, report: { command: 'report' } },
      worst: { lost_per_second: 1100 / 60, usage_percent: 100, missing: null, report: { command: 'report' } },
    });
    for (const { report } of [incident.first, incident.worst]) expect(isValid(report)).toBe(true);
    expect(filesIn(here).map((name) => name.replace(/^000001-\d{8}T\d{6}Z-[0-9a-f]{8}/, 'N'))).toEqual([
      ...['N-first.json', 'N-first.txt', 'N-worst.json', 'N-worst.txt', 'N.json'],
    ]);
    for (const name of filesIn(here)) expect(statSync(join(kept(here), name)).mode & 0o777).toBe(0o600);
    expect(statSync(kept(here)).mode & 0o777).toBe(0o700);
  });

  test('as a table, and the worst report as it was', () => {
    const here = machine();
    night(here, BURST);
    expect(incidents(here)).toMatchObject({ status: 0, stderr: '' });
    expect(incidents(here).stdout).toMatch(
      /^CONNTRACK OK - 1 incident on record, newest first\n\n.*\n.*\n {3}1 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {4}440 s {7}1,200 {2}100\.0%\n {6}this tree: /,
    );
    const { stdout, status } = incidents(here, '1');
    expect(status).toBe(0);
    expect(stdout).toContain('  lost      1,200 dropped because the table was full\n');
    expect(stdout).toContain(' a check found nothing wrong\n');
    const worst = filesIn(here).find((name) => name.endsWith('-worst.txt')) ?? '';
    expect(stdout).toContain(readFileSync(join(kept(here), worst), 'latin1').trimEnd());
    expect(stdout.replace(/\s+/g, ' ')).toMatch(
      /The worst report, taken [-0-9 :]+, at most 60 s after the last loss: CONN/,
    );
    for (const line of [...incidents(here).stdout.split('\n')]) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('line 1, state and performance data are those of a check without --record', () => {
    const [one, other] = [machine(), machine()];
    const plain = BURST.map((minute, at) => other.check({ uptime: 1000 + 60 * at, ...minute }, '-c', 'drop_rate=0'));
    expect(night(one, BURST, '-c', 'drop_rate=0')).toEqual(plain);
  });

  test('is reported as going on until it ends', () => {
    const here = machine();
    night(here, BURST.slice(0, 2));
    expect(filesIn(here).some((name) => name.endsWith('.open.json'))).toBe(true);
    expect(documents(here)).toMatchObject([{ end: null, ended: null, seconds: 0 }]);
    expect(incidents(here).stdout).toContain('this tree, ongoing: ');
  });

  test('nothing is kept of a quiet night, and nothing is made', () => {
    const here = machine();
    night(here, [{}, {}, { drop: [0] }]);
    expect(existsSync(kept(here))).toBe(false);
    expect(incidents(here)).toEqual({
      status: 0,
      stdout: `CONNTRACK OK - no incident on record in ${here.state}\n`,
      stderr: '',
    });
    expect(documents(here)).toEqual([]);
  });

  test('a CRITICAL threshold is one without any loss; a counter since boot and a setting are not', () => {
    const here = machine();
    night(here, [{ entries: 200_000 }, { entries: 250_000 }, { entries: 1000 }]);
    expect(documents(here)).toMatchObject([{ seconds: 60, peak_entries: 250_000, lost: { table_full: 0 } }]);
    const other = machine();
    const since = ['-c', 'drop=0', '-c', 'load_factor=0.5', '-c', 'slab_max=1KiB', '-c', 'memory_share=0.001'];
    expect(night(other, [{ drop: [7] }, { drop: [7] }], ...since).map(({ status }) => status)).toEqual([2, 2]);
    expect(filesIn(other)).toEqual([]);
  });
});

describe('ends', () => {
  test('a reboot: the incident ends with the boot', () => {
    const here = machine();
    night(here, BURST.slice(0, 3));
    here.check({ uptime: 60, boot: '99999999-2222-3333-4444-555555555555' }, '--record');
    expect(documents(here)).toMatchObject([{ ended: 'reboot', seconds: 60, lost: { table_full: 1200 } }]);
  });

  test('hosts that share the directory do not end each other, and both are listed', () => {
    const [one, other] = [machine(), machine()];
    for (const [at, { root }] of [one, other].entries())
      writeFileSync(join(root, 'proc/sys/kernel/hostname'), `fw${at + 1}\n`);
    night(one, BURST.slice(0, 3));
    const elsewhere = (moment: Moment) => {
      other.check(moment);
      return command(ENV, [...RUN, '--root', other.root, '--state-dir', one.state, '--record']);
    };
    const boot = '99999999-2222-3333-4444-555555555555';
    for (const at of [5000, 5060]) elsewhere({ uptime: at, entries: FULL, boot });
    expect(documents(one)).toMatchObject([
      { host: 'fw2', end: null },
      { host: 'fw1', end: null },
    ]);
    expect(incidents(one).stdout).toContain('fw1, this tree, ongoing: ');
  });

  test('a clock that jumped changes no length', () => {
    const here = machine();
    night(here, BURST.slice(0, 2));
    const path = record(here);
    const text = readFileSync(path, 'latin1').replace(/"start": \d+/, '"start": 4102444800000');
    writeFileSync(path, text);
    here.check({ uptime: 1500, drop: [105] }, '--record');
    expect(documents(here)).toMatchObject([{ ended: 'clean', seconds: 440 }]);
  });
});

describe('obstacles in the state directory', () => {
  /** The check after something was done to the directory, at a full table. */
  function hurt(damage: (here: Machine) => void): { readonly here: Machine; readonly answer: Answer } {
    const here = machine();
    night(here, BURST.slice(0, 2));
    damage(here);
    return { here, answer: here.check({ uptime: 1120, entries: FULL, drop: [1205] }, '--record') };
  }

  test.each<[string, (here: Machine) => void, RegExp]>([
    ['a link in the place of the directory', (here) => moveAndLink(kept(here)), /incidents: not a directory$/],
    ['a file', (here) => replaceByFile(kept(here)), /incidents: not a directory$/],
    ['a FIFO', (here) => replaceByFifo(kept(here)), /incidents: not a directory$/],
    ['writable by others', (here) => chmodSync(kept(here), 0o777), /incidents: other users may write to it$/],
    ['no state directory', (here) => rmSync(here.state, { recursive: true }), /: no such file$/],
  ])('%s: the check is made, and line 1 says why nothing is kept', (_, damage, why) => {
    const { answer } = hurt(damage);
    expect(answer).toMatchObject({ status: 2, stderr: '' });
    const [text = ''] = answer.stdout.split(' | ');
    expect(text).toMatch(
      /^CONNTRACK CRITICAL - table full: 262144 of 262144 entries \(100\.0%\).*; no history: (?:incident not recorded: )?cannot /,
    );
    expect(text).toMatch(why);
  });

  test.each<[string, (path: string) => void]>([
    ['truncated', (path) => writeFileSync(path, readFileSync(path, 'latin1').slice(0, 60))],
    ['empty', (path) => writeFileSync(path, '')],
    ['of another version', (path) => replaceIn(path, '"schema": 1', '"schema": 9')],
    ['with a figure below zero', (path) => replaceIn(path, '"peak": ', '"peak": -')],
    ['with a word that nobody knows', (path) => replaceIn(path, '"ended": null', '"ended": "never"')],
    ['with an escape of the terminal', (path) => replaceIn(path, 'this tree', 'this\u001b[2Jtree')],
    ['a link', (path) => moveAndLink(path)],
    ['a FIFO', (path) => replaceByFifo(path)],
    ['a directory', (path) => replaceByFolder(path)],
    ['writable by others', (path) => chmodSync(path, 0o666)],
    ['too large', (path) => writeFileSync(path, ' '.repeat(70_000))],
  ])('a record that is %s: it is passed over and named, and the next one is kept', (_, damage) => {
    const { here, answer } = hurt((machine) => damage(record(machine)));
    expect(answer.stdout).toMatch(/^CONNTRACK CRITICAL - table full/);
    expect(answer.stdout).not.toContain('no history');
    const { stdout, status } = incidents(here);
    expect(status).toBe(0);
    expect(stdout).toContain('1 incident on record');
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/ Not read: cannot (?:read|use) \S+\.json: /);
    expect(stdout).not.toContain('\u001b');
  });

  test('does not touch the target of a planted link', () => {
    const victim = join(scratch(), 'victim');
    writeFileSync(victim, 'precious');
    const { here } = hurt((machine) => {
      const report = filesIn(machine).find((name) => name.endsWith('-first.txt')) ?? '';
      rmSync(join(kept(machine), report));
      symlinkSync(victim, join(kept(machine), report));
    });
    expect(readFileSync(victim, 'latin1')).toBe('precious');
    expect(incidents(here, '1').status).toBe(0);
  });

  test('a run that was killed between a report and its record, or while it wrote, leaves nothing for long', () => {
    const { here } = hurt((machine) => {
      const old = ['000009-20260101T000000Z-0123abcd-first.txt', 'x.json.1-1.tmp'];
      for (const name of [...old, '000008-20260101T000000Z-0123abcd-first.txt'])
        writeFileSync(join(kept(machine), name), 'half');
      const ago = new Date(Date.now() - 120_000);
      for (const name of old) utimesSync(join(kept(machine), name), ago, ago);
    });
    expect(filesIn(here).filter((name) => /^00000[89]|^x/.test(name))).toEqual([
      '000008-20260101T000000Z-0123abcd-first.txt',
    ]);
  });

  test('a report that is gone: its figures are still there', () => {
    const here = machine();
    night(here, BURST);
    for (const name of filesIn(here)) if (name.includes('-worst.')) rmSync(join(kept(here), name));
    const { stdout, status } = incidents(here, '1');
    expect(status).toBe(0);
    expect(stdout).toContain('1,200 dropped because the table was full');
    expect(stdout.replace(/\s+/g, ' ')).toContain('Missing: cannot read ');
    expect(documents(here, '1')[0].worst.report).toBe(null);
  });

  test('two checks at once begin one incident, and lose none of its figures', async () => {
    const here = machine();
    night(here, [{ drop: [5] }]);
    here.check({ uptime: 1060, entries: FULL, drop: [105] });
    const args = [...RUN, '--root', here.root, '--state-dir', here.state, '--record'];
    const exits = Array.from({ length: 6 }, () => {
      const child = spawn(ENV, args, { stdio: 'ignore' });
      return new Promise((resolve) => child.on('exit', resolve));
    });
    expect(await Promise.all(exits)).toEqual([2, 2, 2, 2, 2, 2]);
    expect(documents(here)).toHaveLength(1);
    here.check({ uptime: 1120, entries: FULL, drop: [1205] }, '--record');
    here.check({ uptime: 1800, drop: [1205] }, '--record');
    expect(documents(here)).toMatchObject([{ ended: 'clean', lost: { table_full: 1200 } }]);
  });
});

describe('incidents', () => {
  test.each([
    [['--state-dir', '/nowhere'], 'cannot read /nowhere: no such file'],
    [['--state-dir', '/etc/passwd'], 'cannot read /etc/passwd: not a directory'],
  ])('%o: one line', (args, why) => {
    expect(plugin('incidents', ...args)).toEqual({ status: 3, stdout: `CONNTRACK UNKNOWN - ${why}\n`, stderr: '' });
    const document = JSON.parse(plugin('incidents', ...args, '--format', 'json').stdout);
    expect(isValid(document)).toBe(true);
    expect(document).toMatchObject({ state: 'unknown', message: why, incidents: null });
  });

  test('a number that there is not', () => {
    const here = machine();
    night(here, BURST);
    expect(incidents(here, '2')).toMatchObject({
      status: 3,
      stdout: 'CONNTRACK UNKNOWN - no incident 2: there are 1\n',
    });
    expect(incidents(here, '0')).toMatchObject({ status: 3 });
  });

  test("lists those of every user: all that may be read, and only in that user's own directory", () => {
    const here = machine();
    night(here, BURST);
    const other = join(here.state, '4711');
    mkdirSync(other, { mode: 0o700 });
    execFileSync('cp', ['-a', join(here.state, UID, 'check_conntrack'), other]);
    // It is ours, and not that user's.
    expect(incidents(here).stdout).toMatch(
      /1 incident on record[\s\S]*\nNot read: cannot use \S+\/4711: it belongs to/,
    );
    if (process.geteuid?.() !== 0) return;
    execFileSync('chown', ['-R', '4711', other]);
    expect(incidents(here).stdout).toMatch(/^CONNTRACK OK - 2 incidents on record, newest first\n/);
  });

  test('the environment names the directory too', () => {
    const here = machine();
    night(here, BURST);
    const answer = command(ENV, [...RUN, 'incidents'], { ...process.env, MP_STATE_PATH: here.state });
    expect(answer.stdout).toContain('1 incident on record');
  });

  test('at most twenty, the oldest goes first, and the numbers go on', () => {
    const here = machine();
    night(here, BURST);
    const [first = ''] = filesIn(here);
    const [, name = ''] = /^\d{6}(-.*Z-[0-9a-f]{8})/.exec(first) ?? [];
    for (let number = 2; number <= 30; number++)
      for (const end of ['.json', '-first.txt', '-first.json'])
        writeFileSync(
          join(kept(here), `${String(number).padStart(6, '0')}${name}${end}`),
          readFileSync(join(kept(here), `000001${name}${end}`)),
          { mode: 0o600 },
        );
    here.check({ uptime: 3000, entries: FULL, drop: [1205] }, '--record');
    const numbers = new Set(filesIn(here).map((file) => Number(file.slice(0, 6))));
    expect([...numbers]).toEqual(Array.from({ length: 20 }, (_, at) => 12 + at));
  });

  test('Prometheus counts them', () => {
    const here = machine();
    const last = night(here, BURST, '--format', 'prometheus').map(
      ({ stdout }) => /^check_conntrack_incidents_total (\d+)$/m.exec(stdout)?.[1],
    );
    expect(last).toEqual(['0', '1', '1', '1', '1']);
    expect(machine().check({ uptime: 1 }, '--format', 'prometheus').stdout).not.toContain('incidents_total');
  });
});

function replaceIn(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'latin1');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

function moveAndLink(path: string): void {
  const aside = join(mkdtempSync(join(scratch(), 'aside-')), 'moved');
  renameSync(path, aside);
  symlinkSync(aside, path);
}

function replaceByFile(path: string): void {
  rmSync(path, { recursive: true });
  writeFileSync(path, '');
}

function replaceByFolder(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

function replaceByFifo(path: string): void {
  rmSync(path, { recursive: true });
  execFileSync('mkfifo', [path]);
}
