// A shell on a terminal of its own, through script(1); typed text and Tab work as for a user.

import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { TOP } from '../../e2e/support/plugin.ts';

const PROMPT = 'READY>';
/** Prints the arguments that it was called with. */
const SAYS = `check_conntrack() { printf 'SAID'; printf ' <%s>' "$@"; echo; }`;

/** Types each line after the command, then Tab and Return, and returns the arguments that check_conntrack received. */
export async function completed(shell: string, setUp: string, lines: readonly string[]): Promise<readonly string[]> {
  const terminal = open(shell);
  // After the first prompt a shell may have switched the terminal to bracketed paste.
  await terminal.until(/[#%$] (?:\S*2004h)?$/);
  terminal.type(`${setUp}; ${SAYS}; PS1='READY''> '\n`);
  const matches: string[] = [];
  for (const line of lines) {
    await terminal.until(new RegExp(`${PROMPT} `));
    terminal.type(`check_conntrack ${line}\t\n`);
    const [, words = ''] = await terminal.until(/^SAID ?(.*?)\r?\n/m);
    matches.push(words);
  }
  return matches;
}

function open(shell: string): {
  readonly type: (text: string) => void;
  readonly until: (form: RegExp) => Promise<RegExpExecArray>;
} {
  const env = { ...process.env, TERM: 'dumb', HOME: '/nonexistent' };
  const child = spawn('script', ['-qec', shell, '/dev/null'], { cwd: TOP, env, detached: true });
  onTestFinished(() => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  });
  let unread = '';
  child.stdout.on('data', (data) => {
    unread += data.toString('latin1');
  });
  return {
    type: (text) => void child.stdin.write(text),
    until: async (form) => {
      for (let tries = 0; tries < 1000; tries++) {
        const matches = form.exec(unread);
        if (matches !== null) {
          unread = unread.slice(matches.index + matches[0].length);
          return matches;
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`not ${form} but ${JSON.stringify(unread)}`);
    },
  };
}
