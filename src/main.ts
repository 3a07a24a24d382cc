// The process: arguments in, text on stdout, an exit code. Whatever goes wrong on the way becomes UNKNOWN.

import { clock } from '#system/clock';
import { counting } from '#system/counting';
import { self } from '#system/self';
import { version } from '../package.json';
import type { Command } from './cli/flags.ts';
import { isCommand } from './cli/getopt.ts';
import { parseRequest, type Request, wantedFormat } from './cli/options.ts';
import { check, failure, type Outcome } from './commands/check.ts';
import type { CountTask } from './commands/count-worker.ts';
import { exitCode } from './evaluate/state.ts';
import type { Deadline } from './kernel/root.ts';
import { foreign } from './present/words.ts';
import { writeText } from './stdout.ts';

const task = counting.threads?.task<CountTask>();
if (task === undefined) run().catch(crashed).catch(failed).then(finish).catch(giveUp);
else help(task);

// What is imported when it is called for costs a check nothing.
async function run(): Promise<Outcome> {
  const request = parseRequest(self.args, self.environment);
  switch (request.kind) {
    case 'help': {
      const { helpText } = await import('./cli/help-text.ts');
      return { state: 'unknown', output: helpText(request.command) };
    }
    case 'version':
      return { state: 'unknown', output: `check_conntrack ${version}, ${self.build}\n` };
    case 'mistake':
      return unknown(await mistakeWords(request));
    case 'check':
      return check(request.options, deadline(request.options));
    case 'munin': {
      const { munin } = await import('./commands/munin.ts');
      return munin(request.options, deadline(request.options));
    }
    case 'report': {
      const { report } = await import('./commands/report.ts');
      return report(request.options, deadline(request.options));
    }
    case 'plan': {
      const { plan } = await import('./commands/plan.ts');
      return plan(request.options, deadline(request.options));
    }
  }
}

/** In the other thread. */
async function help(task: CountTask): Promise<void> {
  const { countInTurns } = await import('./commands/count-worker.ts');
  counting.threads?.answer(countInTurns(task));
}

function deadline({ timeoutSeconds }: { readonly timeoutSeconds: number }): Deadline {
  return { elapsed: clock.elapsed, left: () => 1000 * timeoutSeconds - clock.elapsed() };
}

async function mistakeWords({ flag, why, text }: Extract<Request, { kind: 'mistake' }>): Promise<string> {
  const given = text === '' ? '(empty)' : foreign(text);
  const { nearWord } = await import('./cli/near.ts');
  const near = /^unknown (?:argument|option)$/.test(why) ? nearWord(text, command()) : undefined;
  const help = ['check_conntrack', ...(command() === 'check' ? [] : [command()]), '--help'].join(' ');
  const meant = near === undefined ? '' : ` (did you mean ${near}?)`;
  return `${flag === undefined ? given : `${flag} ${given}`}: ${why}${meant}; see ${help}`;
}

function command(): Command {
  const [first] = self.args;
  return isCommand(first) ? first : 'check';
}

function crashed(error: unknown): Promise<Outcome> {
  const name = error instanceof Error ? `${error.name}: ${error.message}` : 'no error object';
  return unknown(`internal error, please report it: ${foreign(name)}`);
}

/** Where even that fails. */
function failed(): Outcome {
  return { state: 'unknown', output: 'CONNTRACK UNKNOWN - internal error\n' };
}

function giveUp(): void {
  self.exit(exitCode('unknown'));
}

function unknown(text: string): Promise<Outcome> {
  return failure(text, wantedFormat(self.args), command());
}

// No reader, or a full disk: nobody has the verdict, so it must not look like one. stderr stays empty. What failed once
// may not fail again, and then says why.
async function finish({ state, output }: Outcome): Promise<void> {
  const untold = writeText(output);
  if (untold === undefined) return self.exit(exitCode(state));
  if (untold.written === 0) writeText((await unknown(`cannot write to stdout: ${untold.errno}`)).output);
  self.exit(exitCode('unknown'));
}
