// Any failure in the engine prints one UNKNOWN line and exits with 3. The failing programs are built as the plugin is.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, fixture, plugin, shell, TOP } from '../e2e/support/plugin.ts';
import { scratch } from '../e2e/support/tree.ts';

/** Builds a program and returns its path. */
function built(program: string): string {
  const folder = scratch();
  writeFileSync(join(folder, 'main.js'), program);
  const args = ['--entry', join(folder, 'main.js'), '--out', folder];
  execFileSync(process.execPath, [join(TOP, '.dev/standalone.mjs'), ...args], { stdio: 'pipe' });
  return join(folder, 'check_conntrack');
}

const UNKNOWN = 'CONNTRACK UNKNOWN - internal error: ';
const OS = "import * as os from 'qjs:os';";
const WRITE = 'os.write(1, new Uint8Array([79, 75, 10]).buffer, 0, 3);';

test.each([
  ['an exception', 'throw new RangeError("boom|\\n$(x)");', 'RangeError: boom(x)'],
  ['another value that is thrown', 'throw "boom";', 'exception'],
  ['an unhandled rejection', 'Promise.reject(new Error("boom"));', 'Error: boom'],
  ['an exception of a timer', `${OS} os.setTimeout(() => { throw new Error("boom"); }, 1);`, 'Error: boom'],
  ['endless recursion', 'const f = () => f() + 1; f();', 'InternalError: stack overflow'],
  ['endlessly nested text', 'JSON.parse("[".repeat(1e6));', 'SyntaxError: stack overflow'],
  ['an end without a result', 'export {};', 'ended without a result'],
  ['a crash', `${OS} os.kill(os.getpid(), 11);`, 'signal 11'],
  ['an abort', `${OS} os.kill(os.getpid(), 6);`, 'signal 06'],
])('%s', (_, program, reason) => {
  expect(command(built(program), [])).toEqual({ status: 3, stdout: `${UNKNOWN}${reason}\n`, stderr: '' });
});

test('all memory used up, in small pieces and in large ones', () => {
  for (const piece of ['[at]', 'new Uint8Array(1 << 20)', '"x".repeat(at)']) {
    const path = built(`const all = []; for (let at = 0; ; at++) all.push(${piece});`);
    expect(shell(`ulimit -v 65536; ${path}`)).toEqual({ status: 3, stdout: `${UNKNOWN}out of memory\n`, stderr: '' });
  }
});

test('bytes become one character each, in ASCII text and in any other', () => {
  const program = `import * as std from 'qjs:std';
    import { bytes } from '${TOP}/src/system/quickjs/bytes.ts';
    const every = new Uint8Array(3000).map((_, at) => at);
    const read = (from, end) => [...bytes.toLatin1(every.subarray(500), from, end)].map((c) => c.charCodeAt(0));
    const isSame = ([from, end]) => String(read(from, end)) === String([...every.subarray(500 + from, 500 + end)]);
    std.exit([[12, 140], [12, 141], [0, 2500], [7, 7]].every(isSame) ? 0 : 1);`;
  expect(command(built(program), [])).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('prints no second line after one that was begun', () => {
  expect(command(built(`${OS} ${WRITE} throw 0;`), [])).toEqual({ status: 3, stdout: 'OK\n', stderr: '' });
});

test('prints a verdict, or UNKNOWN, with any small memory and stack', () => {
  const verdict = plugin('--root', fixture('over-limit-synthetic')).stdout;
  const underLimit = (limit: string) => shell(`ulimit ${limit}; $RUN --root ${fixture('over-limit-synthetic')}`);
  const answers = [
    ...Array.from({ length: 60 }, (_, at) => underLimit(`-v ${1000 + 50 * at}`)),
    ...Array.from({ length: 30 }, (_, at) => underLimit(`-s ${8 + 8 * at}`)),
  ];
  for (const { status, stdout, stderr } of answers) {
    // The kernel cannot start a program that does not fit into memory.
    if (status !== null && stderr !== '') continue;
    expect([
      [2, verdict],
      [3, stdout],
    ]).toContainEqual([status, stdout]);
    if (status === 3) expect(stdout).toMatch(/^CONNTRACK UNKNOWN - internal error[^\n]*\n$/);
  }
  expect(answers.filter(({ status }) => status === 3).length).toBeGreaterThan(0);
  expect(answers.filter(({ status }) => status === 2).length).toBeGreaterThan(0);
});
