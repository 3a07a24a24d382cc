// The report on lists captured elsewhere: sources, sizes, and failures.

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listOf } from './support/list.ts';
import { machine, onlyFile } from './support/machine.ts';
import { command, ENV, fixture, plugin, RUN, shell, TOP } from './support/plugin.ts';
import { scratch, tree } from './support/tree.ts';

const LIST = fixture('entries-nf_conntrack-capture');
const CAPTURED = readFileSync(join(TOP, LIST), 'latin1');

describe('the source of a list', () => {
  test('a file, stdin and a named pipe give the same report', () => {
    const expected = plugin('report', '--entries', LIST).stdout.replace(LIST, 'it');
    const stdin = shell(`cat ${LIST} | $RUN report --entries -`);
    const fifo = join(scratch(), 'fifo');
    const pipe = shell(`mkfifo ${fifo}; cat ${LIST} >${fifo} & $RUN report --entries ${fifo}`);
    const redirected = shell(`$RUN report --entries - <${LIST}`);
    for (const [answer, name] of [
      [stdin, 'stdin'],
      [redirected, 'stdin'],
      [pipe, fifo],
    ] as const) {
      expect(answer).toMatchObject({ status: 0, stderr: '' });
      expect(answer.stdout.replace(name, 'it').replace(/\s+/g, ' ')).toBe(expected.replace(/\s+/g, ' '));
    }
  });

  test('the list of a captured tree is in the tree', () => {
    const root = tree('linux-6.18-capture', { 'proc/net/nf_conntrack': CAPTURED });
    const { stdout, status } = plugin('report', '--root', root);
    expect(status).toBe(0);
    expect(stdout).toContain('  20 entries of ');
    expect(stdout).toContain('    tcp_timeout_syn_sent (120 s)                      3  15.0%, 99 s left\n');
  });

  test('reads a last line without an end, and pieces that end in the middle of a line', () => {
    const script = `for i in 1 2 3; do printf %s "$1"; sleep 0.05; printf '%s\\n' "$2"; done`;
    const [line = ''] = CAPTURED.split('\n');
    const halves = [line.slice(0, 70), line.slice(70)];
    const { stdout } = command(
      'sh',
      ['-c', `(${script}; printf %s "$1$2") | $RUN report --entries - --format json`, 'sh', ...halves],
      { ...process.env, RUN: RUN.join(' ') },
    );
    expect(listOf(stdout)).toMatchObject({ entries: 4, lines_not_understood: 0, complete: true });
  });

  test('counts malformed lines', () => {
    const path = join(scratch(), 'list');
    writeFileSync(path, `conntrack v1.4.7: 20 flow entries have been shown.\n${CAPTURED}\0\xff\n`, 'latin1');
    const { stdout, status } = plugin('report', '--entries', path);
    expect(status).toBe(0);
    expect(stdout).toMatch(/20 entries of [^,]*, 2 lines are not entries\./);
  });
});

describe('NAT without a free port', () => {
  // From source ports below 1024 NAT has 600 to 1023.
  const taken = Array.from({ length: 424 }, (_, at) => {
    const ports = `sport=${600 + at} dport=2049`;
    return `ipv4     2 tcp      6 300 ESTABLISHED src=10.0.0.${at % 250} dst=192.0.2.1 ${ports} src=192.0.2.1 dst=203.0.113.7 sport=2049 dport=${600 + at} [ASSURED] mark=0 zone=0 use=2\n`;
  }).join('');

  test('in a list without a machine', () => {
    const path = join(scratch(), 'list');
    writeFileSync(path, taken);
    const said = plugin('report', '--entries', path).stdout.replace(/\s+/g, ' ');
    expect(said).toContain(
      ' NAT: 203.0.113.7 has 424 of its 424 ports from 600 to 1023 in use towards tcp 192.0.2.1 port 2049. ',
    );
    writeFileSync(path, taken.split('\n').slice(0, 381).join('\n'));
    expect(plugin('report', '--entries', path).stdout).not.toContain('NAT:');
  });

  test.each([['in the tree'], ['given']])(
    'in a captured tree that lost packets to clashes, with its list %s',
    (where) => {
      const here = machine();
      const path = join(where === 'given' ? scratch() : here.root, 'proc/net/nf_conntrack');
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, taken);
      const lost = { uptime: 100, entries: 424, drop: [1180], insert_failed: [1180] };
      const { stdout, status } = here.report(lost, ...(where === 'given' ? ['--entries', path] : []));
      const said = stdout.replace(/\s+/g, ' ');
      expect([status, said]).toEqual([
        1,
        expect.stringContaining(
          'CONNTRACK WARNING - the table of this tree is 0.2% full; NAT has no port left towards tcp 192.0.2.1 port 2049 (424 of 424 taken); 1,180 lost to clashes since boot; ',
        ),
      ]);
      expect(said).toContain('What to do 1. Give NAT more ports');
    },
  );
});

describe('samples of earlier checks', () => {
  const lost = { drop: [4001], insert_failed: [4001] };
  const SEEN = '4,001 packets were lost to clashes between 480 s and 180 s before the capture';

  test('show when packets were lost; the state directory is only read', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    here.check({ uptime: 1300, ...lost });
    const kept = () => readFileSync(onlyFile(here), 'latin1');
    const before = kept();
    const { stdout, status } = here.report({ uptime: 1480, ...lost }, '--state-dir', here.state);
    const text = stdout.replace(/\s+/g, ' ');
    expect([status, text]).toEqual([1, expect.stringContaining(`CONNTRACK WARNING - 0.4% used, ${SEEN}; a single `)]);
    expect(text).toContain(` ${SEEN}, according to the samples of earlier checks. `);
    expect(kept()).toBe(before);
  });

  test('from a directory of the environment; as JSON', () => {
    const here = machine();
    here.check({ uptime: 1000 });
    here.check({ uptime: 1300, ...lost });
    const environment = { ...process.env, MP_STATE_PATH: here.state };
    const { stdout } = command(ENV, [...RUN, 'report', '--root', here.root, '--format', 'json'], environment);
    const { incident } = JSON.parse(stdout).report;
    expect(incident.trouble).toBe('was_losing');
    expect(incident.namespaces[0].past_losses).toMatchObject({
      seconds: 300,
      spells: [{ last_seconds_ago: 0, lost: { clash: 4001, table_full: 0 } }],
    });
  });

  test('a missing directory is named, and no samples count as unknown', () => {
    const here = machine();
    const gone = here.report({ uptime: 1480, ...lost }, '--state-dir', '/nonexistent');
    expect(gone.stdout).toContain('\n  No history: cannot read /nonexistent: no such file.\n');
    expect(here.report({ uptime: 1480, ...lost }).stdout).toMatch(
      /^CONNTRACK OK - 0\.4% used, 4,001 lost to clashes since boot;/,
    );
  });
});

describe('failures', () => {
  test.each([
    ['a device', '/dev/null', 'cannot read /dev/null: not a regular file'],
    ['an empty file', 'empty', 'empty'],
    ['blank lines', 'blank', 'empty'],
    ['other text', 'other', 'not in a known format'],
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

  test('does not print the contents of a file that is not a list', () => {
    const path = join(scratch(), 'secret');
    writeFileSync(path, 'hunter2\n');
    expect(plugin('report', '--entries', path).stdout).not.toContain('hunter2');
  });

  test('the deadline passes on a list without an end, and on one that never begins', () => {
    const answer = shell(`(cat ${LIST}; sleep 3) | $RUN report --entries - -t 1`);
    expect(answer.status).toBe(3);
    expect(answer.stdout).toMatch(/^CONNTRACK UNKNOWN - .*stdin/);
    const fifo = join(scratch(), 'fifo');
    const unwritten = `mkfifo ${fifo}; timeout 8 $RUN report --entries ${fifo} -t 1`;
    const waiting = shell(unwritten);
    expect(waiting.status).toBe(3);
    expect(waiting.stdout).toMatch(/^CONNTRACK UNKNOWN - timeout/);
  });

  test('a named pipe that is written to later, or closed without output', () => {
    const [late, mute] = [join(scratch(), 'late'), join(scratch(), 'mute')];
    const script = `mkfifo ${late}; (sleep 0.4; cat ${LIST} >${late}) &`;
    expect(shell(`${script} $RUN report --entries ${late}`).stdout).toContain('  20 entries of ');
    const silent = shell(`mkfifo ${mute}; (sleep 0.4; : >${mute}) & $RUN report --entries ${mute}`);
    expect(silent.stdout.replace(/\s+/g, ' ')).toMatch(/^CONNTRACK UNKNOWN - cannot use \S+: empty $/);
  });

  test('no stdout, and no stdin', () => {
    expect(shell(`$RUN report --entries ${LIST} >/dev/full`)).toMatchObject({ status: 3, stderr: '' });
    const closed = shell('$RUN report --entries - <&-');
    expect(closed).toMatchObject({ status: 3, stdout: 'CONNTRACK UNKNOWN - cannot use stdin: empty\n', stderr: '' });
  });
});

describe('Ctrl-C', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s: reports the results so far', async (signal) => {
    const child = spawn(ENV, [...RUN, 'report', '--entries', '-'], { cwd: TOP, stdio: ['pipe', 'pipe', 'pipe'] });
    const output: string[] = [];
    child.stdout.on('data', (piece) => output.push(String(piece)));
    // The program prints nothing before its end. The channel holds less than this, so if the rest is written, the
    // program is reading.
    await new Promise((resolve) => child.stdin.write(CAPTURED.repeat(1000), resolve));
    child.kill(signal);
    const status = await new Promise((resolve) => child.once('exit', resolve));
    child.stdin.destroy();
    expect(status).toBe(0);
    expect(output.join('')).toContain('stopped before the end');
  });
});
