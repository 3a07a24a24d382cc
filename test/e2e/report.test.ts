// The report on lists captured elsewhere: where they come from, how large they are, and what goes wrong.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, fixture, NODE, PLUGIN, plugin, shell, TOP } from './support/plugin.ts';
import { scratch, tree } from './support/tree.ts';

const LIST = fixture('entries-nf_conntrack-capture');
const CAPTURED = readFileSync(join(TOP, LIST), 'latin1');
const LINES = 150_000;

interface List {
  readonly source: string;
  readonly complete: boolean;
  readonly entries: number;
  readonly lines_not_understood: number;
  readonly sources: {
    readonly may_lack: number;
    readonly top: readonly { readonly address: string; readonly entries: number }[];
  };
}

function listOf(stdout: string): List {
  return JSON.parse(stdout).report.list;
}

/** Every tenth of one source, the others all differ. */
function flood(): string {
  const line = (at: number): string => {
    const source = at % 10 === 0 ? '198.51.100.7' : `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`;
    const ports = `sport=${1024 + (at % 60_000)} dport=443`;
    const back = `src=192.0.2.1 dst=${source} sport=443 dport=${1024 + (at % 60_000)}`;
    return `ipv4     2 tcp      6 ${at % 120} SYN_SENT src=${source} dst=192.0.2.1 ${ports} [UNREPLIED] ${back} mark=0 zone=0 use=2\n`;
  };
  return Array.from({ length: LINES }, (_, at) => line(at)).join('');
}

describe('where a list comes from', () => {
  test('a file, stdin and a pipe with a name say the same', () => {
    const said = plugin('report', '--entries', LIST).stdout.replace(LIST, 'it');
    const stdin = shell(`cat ${LIST} | "$NODE" "$PLUGIN" report --entries -`);
    const fifo = join(scratch(), 'fifo');
    const pipe = shell(`mkfifo ${fifo}; cat ${LIST} >${fifo} & "$NODE" "$PLUGIN" report --entries ${fifo}`);
    const redirected = shell(`"$NODE" "$PLUGIN" report --entries - <${LIST}`);
    for (const [answer, name] of [
      [stdin, 'stdin'],
      [redirected, 'stdin'],
      [pipe, fifo],
    ] as const) {
      expect(answer).toMatchObject({ status: 0, stderr: '' });
      expect(answer.stdout.replace(name, 'it').replace(/\s+/g, ' ')).toBe(said.replace(/\s+/g, ' '));
    }
  });

  test('the list of a captured tree lies in it', () => {
    const root = tree('linux-6.18-capture', { 'proc/net/nf_conntrack': CAPTURED });
    const { stdout, status } = plugin('report', '--root', root);
    expect(status).toBe(0);
    expect(stdout).toContain('  20 entries of ');
    expect(stdout).toContain('    tcp_timeout_syn_sent (120 s)                      3  15.0%, 99 s left\n');
  });

  test('a line that has no end, and pieces that end in the middle of one', () => {
    const script = `for i in 1 2 3; do printf %s "$1"; sleep 0.05; printf '%s\\n' "$2"; done`;
    const [line = ''] = CAPTURED.split('\n');
    const halves = [line.slice(0, 70), line.slice(70)];
    const { stdout } = command(
      'sh',
      ['-c', `(${script}; printf %s "$1$2") | "$NODE" "$PLUGIN" report --entries - --format json`, 'sh', ...halves],
      {
        ...process.env,
        NODE,
        PLUGIN,
      },
    );
    expect(listOf(stdout)).toMatchObject({ entries: 4, lines_not_understood: 0, complete: true });
  });

  test('lines that are none are counted', () => {
    const path = join(scratch(), 'list');
    writeFileSync(path, `conntrack v1.4.7: 20 flow entries have been shown.\n${CAPTURED}\0\xff\n`, 'latin1');
    const { stdout, status } = plugin('report', '--entries', path);
    expect(status).toBe(0);
    expect(stdout).toMatch(/20 entries of [^,]*, 2 lines are no entries\./);
  });
});

describe('a list so long that two threads count it', () => {
  const text = flood();

  test('comes to the same as when one does', () => {
    const path = join(scratch(), 'list');
    writeFileSync(path, text);
    const [file, stdin] = ['<file>', '-'].map((name) =>
      spawnSync(NODE, [PLUGIN, 'report', '--entries', name === '-' ? name : path, '--top', '3', '--format', 'json'], {
        input: text,
        encoding: 'utf8',
        maxBuffer: 1 << 26,
      }),
    );
    const [both, one] = [listOf(file?.stdout ?? ''), listOf(stdin?.stdout ?? '')];
    for (const { entries, lines_not_understood, complete, sources } of [both, one]) {
      expect({ entries, lines_not_understood, complete }).toEqual({
        entries: LINES,
        lines_not_understood: 0,
        complete: true,
      });
      // Who has a tenth stands out of a crowd of which everyone differs, and the bound holds.
      const [first] = sources.top;
      expect(sources.may_lack).toBeGreaterThan(0);
      expect(sources.may_lack).toBeLessThanOrEqual((2 * LINES) / 6144);
      expect(first?.address).toBe('198.51.100.7');
      expect(first?.entries).toBeLessThanOrEqual(LINES / 10);
      expect((first?.entries ?? 0) + sources.may_lack).toBeGreaterThanOrEqual(LINES / 10);
    }
    const exact = ({ sources: _, source: __, ...rest }: List & { networks?: unknown }) => ({ ...rest, networks: 0 });
    expect(exact(both)).toEqual(exact(one));
  });

  test('also where no thread can be had', () => {
    const path = join(scratch(), 'list');
    writeFileSync(path, text);
    const block = join(scratch(), 'no-threads.cjs');
    writeFileSync(block, "require('worker_threads').Worker = class { constructor() { throw new Error('EAGAIN'); } };");
    const { stdout } = command(NODE, ['-r', block, PLUGIN, 'report', '--entries', path, '--format', 'json']);
    expect(listOf(stdout)).toMatchObject({ entries: LINES, complete: true });
  });

  test('a thread that dies is not taken for the end of the list', () => {
    const path = join(scratch(), 'list');
    writeFileSync(path, text);
    const kill = join(scratch(), 'kill.cjs');
    // The other thread gets a piece, since this one is slow, and dies when it has counted it.
    const lines = [
      "const [fs, threads] = [require('fs'), require('worker_threads')];",
      'const [read, Worker] = [fs.readSync, threads.Worker];',
      'const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);',
      'if (threads.isMainThread) fs.readSync = (...given) => { if (given[3] > 1e5) wait(); return read(...given); };',
      "const dies = 'Atomics.add = () => { throw 0; };';",
      'threads.Worker = class extends Worker { constructor(text, options) { super(dies + text, options); } };',
    ];
    writeFileSync(kill, lines.join('\n'));
    const { stdout, status } = command(NODE, ['-r', kill, PLUGIN, 'report', '--entries', path]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/entries of .*, cut off: /);
  });
});

describe('what goes wrong', () => {
  test.each([
    ['a device', '/dev/null', 'cannot read /dev/null: not a regular file'],
    ['nothing in it', 'empty', 'empty'],
    ['blank lines', 'blank', 'empty'],
    ['something else', 'other', 'not in a known format'],
  ])('%s', (_, name, why) => {
    const folder = scratch();
    writeFileSync(join(folder, 'empty'), '');
    writeFileSync(join(folder, 'blank'), '\n\n \n');
    writeFileSync(join(folder, 'other'), 'hello\n'.repeat(10));
    const path = name.startsWith('/') ? name : join(folder, name);
    const answer = plugin('report', '--entries', path);
    expect(answer).toMatchObject({ status: 3, stderr: '' });
    expect(answer.stdout).toMatch(/^CONNTRACK UNKNOWN - /);
    expect(answer.stdout.replace(/\s+/g, ' ')).toContain(why);
  });

  test('what a list contains is not shown where it is none', () => {
    const path = join(scratch(), 'secret');
    writeFileSync(path, 'hunter2\n');
    expect(plugin('report', '--entries', path).stdout).not.toContain('hunter2');
  });

  test('no time left: one that does not end, and one that nobody begins', () => {
    const answer = shell(`(cat ${LIST}; sleep 3) | "$NODE" "$PLUGIN" report --entries - -t 1`);
    expect(answer.status).toBe(3);
    expect(answer.stdout).toMatch(/^CONNTRACK UNKNOWN - .*stdin/);
    const fifo = join(scratch(), 'fifo');
    const unwritten = `mkfifo ${fifo}; timeout 8 "$NODE" "$PLUGIN" report --entries ${fifo} -t 1`;
    const waiting = shell(unwritten);
    expect(waiting.status).toBe(3);
    expect(waiting.stdout).toMatch(/^CONNTRACK UNKNOWN - timeout/);
  });

  test('a pipe with a name that is written to later, or closed without a word', () => {
    const [late, mute] = [join(scratch(), 'late'), join(scratch(), 'mute')];
    const script = `mkfifo ${late}; (sleep 0.4; cat ${LIST} >${late}) &`;
    expect(shell(`${script} "$NODE" "$PLUGIN" report --entries ${late}`).stdout).toContain('  20 entries of ');
    const nothing = shell(`mkfifo ${mute}; (sleep 0.4; : >${mute}) & "$NODE" "$PLUGIN" report --entries ${mute}`);
    expect(nothing.stdout.replace(/\s+/g, ' ')).toMatch(/^CONNTRACK UNKNOWN - cannot use \S+: empty $/);
  });

  test('nowhere to write to, and nothing to read from', () => {
    expect(shell(`"$NODE" "$PLUGIN" report --entries ${LIST} >/dev/full`)).toMatchObject({ status: 3, stderr: '' });
    const closed = shell('"$NODE" "$PLUGIN" report --entries - <&-');
    expect(closed).toMatchObject({ status: 3, stdout: 'CONNTRACK UNKNOWN - cannot use stdin: empty\n', stderr: '' });
  });
});

describe('Ctrl-C', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s: what is known by then is told', async (signal) => {
    const child = spawn(NODE, [PLUGIN, 'report', '--entries', '-'], { cwd: TOP, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.write(CAPTURED);
    const output: string[] = [];
    child.stdout.on('data', (piece) => output.push(String(piece)));
    // The program says nothing before its end: it has read what there is when it waits for more.
    await new Promise((resolve) => setTimeout(resolve, 700));
    child.kill(signal);
    const status = await new Promise((resolve) => child.once('exit', resolve));
    child.stdin.destroy();
    expect(status).toBe(0);
    expect(output.join('')).toContain('stopped before the end');
  });
});
