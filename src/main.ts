// The process: arguments in, text on stdout, an exit code. Whatever goes wrong on the way becomes UNKNOWN.

import { clock } from '#system/clock';
import { counting } from '#system/counting';
import { self } from '#system/self';
import { version } from '../package.json';
import { checkCommand } from './check/check.ts';
import type { Command } from './cli/flags.ts';
import { type Asked, type OptionsOf, parseRequest, type Request, type Run } from './cli/options.ts';
import type { Outcome, Program, ThreadTask } from './cli/program.ts';
import { exitCode } from './evaluate/state.ts';
import type { Deadline } from './kernel/root.ts';
import { writeText } from './system/stdout.ts';
import { foreign } from './words/words.ts';

// A module that is imported when it is needed costs a check nothing. The program builds without any of these lines.
const COMMANDS: { readonly [C in Command]?: () => Promise<Program<OptionsOf[C]>> } = {
  check: async () => checkCommand,
  report: async () => (await import('./report/report.ts')).reportCommand,
  plan: async () => (await import('./plan/plan.ts')).planCommand,
  munin: async () => (await import('./munin/munin.ts')).muninCommand,
};

const started = counting.threads?.task<ThreadTask>();
if (started === undefined) answered().catch(crashed).then(finish).catch(giveUp);
else inThread(started);

interface Answer extends Asked, Outcome {}

async function answered(): Promise<Answer> {
  const request = parseRequest(self.args, self.environment);
  const outcome = await answer(request).catch((error: unknown) => failure(request, crashWords(error)));
  return { ...request, ...outcome };
}

async function answer(request: Request): Promise<Outcome> {
  switch (request.kind) {
    case 'help': {
      const { helpText } = await import('./cli/help-text.ts');
      return { state: 'unknown', output: helpText(request.command) };
    }
    case 'version':
      return { state: 'unknown', output: `check_conntrack ${version}, ${self.build}\n` };
    case 'mistake': {
      const { mistakeWords } = await import('./cli/mistake.ts');
      return failure(request, mistakeWords(request));
    }
    case 'run':
      return run(request);
  }
}

async function run<C extends Command>({ command, options }: Run<C>): Promise<Outcome> {
  const program = await COMMANDS[command]?.();
  if (program === undefined) return checkCommand.fail(`this build has no ${command}`, 'nagios');
  return program.run(options, deadline(options));
}

function deadline({ timeoutSeconds }: { readonly timeoutSeconds: number }): Deadline {
  return { elapsed: clock.elapsed, left: () => 1000 * timeoutSeconds - clock.elapsed() };
}

async function failure({ command, format }: Asked, text: string): Promise<Outcome> {
  const program = (await COMMANDS[command]?.()) ?? checkCommand;
  return program.fail(text, format);
}

function crashWords(error: unknown): string {
  const name = error instanceof Error ? `${error.name}: ${error.message}` : 'no error object';
  return `internal error, please report it: ${foreign(name)}`;
}

/** If even that fails. */
function crashed(): Answer {
  return { command: 'check', format: 'nagios', state: 'unknown', output: 'CONNTRACK UNKNOWN - internal error\n' };
}

// No reader, or a full disk: nobody has the verdict, so it must not look like one. stderr stays empty. What failed once
// may not fail again, and then says why.
async function finish({ state, output, ...asked }: Answer): Promise<void> {
  const untold = writeText(output);
  if (untold === undefined) return self.exit(exitCode(state));
  if (untold.written === 0) writeText((await failure(asked, `cannot write to stdout: ${untold.errno}`)).output);
  self.exit(exitCode('unknown'));
}

function giveUp(): void {
  self.exit(exitCode('unknown'));
}

async function inThread({ command }: ThreadTask): Promise<void> {
  const program = await COMMANDS[command]?.();
  program?.inThread?.();
}
