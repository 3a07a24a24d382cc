// The process: arguments in, text on stdout, an exit code. Any failure on the way becomes UNKNOWN.

import { clock } from '#system/clock';
import { counting } from '#system/counting';
import { self } from '#system/self';
import { version } from '../package.json';
import { checkCommand } from './check/check.ts';
import type { Command } from './cli/flags.ts';
import { type Asked, type CommandRun, type OptionsOf, parseRequest, type Request } from './cli/options.ts';
import type { Outcome, Program, RecordIncidents, ThreadTask } from './cli/program.ts';
import { exitCode } from './evaluate/state.ts';
import type { Deadline } from './kernel/root.ts';
import { writeText } from './system/stdout.ts';
import { foreign } from './words/words.ts';

// Imported on demand, so that the standalone executable loads only the modules of the command that runs. The program
// builds without any of these lines.
const PROGRAMS: { readonly [C in Command]?: () => Promise<Program<OptionsOf[C]>> } = {
  check: async () => checkCommand,
  report: async () => (await import('./report/report.ts')).reportCommand,
  incidents: async () => (await import('./incidents/incidents.ts')).incidentsCommand,
  plan: async () => (await import('./plan/plan.ts')).planCommand,
  munin: async () => (await import('./munin/munin.ts')).muninCommand,
};

main();

function main(): void {
  const task = counting.threads?.task<ThreadTask>();
  if (task === undefined) answered().catch(crashed).then(finish).catch(giveUp);
  else inThread(task);
}

interface CommandAnswer extends Asked, Outcome {}

async function answered(): Promise<CommandAnswer> {
  const request = parseRequest(self.args, self.environment);
  const outcome = await outcomeOf(request).catch((error: unknown) => failureOutcome(request, crashWords(error)));
  return { ...request, ...outcome };
}

async function outcomeOf(request: Request): Promise<Outcome> {
  switch (request.kind) {
    case 'help': {
      const { helpText } = await import('./cli/help-text.ts');
      return { state: 'unknown', output: helpText(request.command) };
    }
    case 'version':
      return { state: 'unknown', output: `check_conntrack ${version}, ${self.build}\n` };
    case 'mistake': {
      const { mistakeWords } = await import('./cli/mistake.ts');
      return failureOutcome(request, mistakeWords(request));
    }
    case 'run':
      return runCommand(request);
  }
}

async function runCommand<C extends Command>({ command, options }: CommandRun<C>): Promise<Outcome> {
  const program = await PROGRAMS[command]?.();
  if (program === undefined) return checkCommand.fail(`this build has no ${command}`, 'nagios');
  return program.run(options, deadlineOf(options), recordByCommand);
}

const recordByCommand: RecordIncidents = async (check, deadline) => {
  const program = await PROGRAMS.incidents?.();
  return program?.record === undefined ? 'this build has no incidents' : program.record(check, deadline);
};

function deadlineOf({ timeoutSeconds }: { readonly timeoutSeconds: number }): Deadline {
  return { elapsed: clock.elapsed, left: () => 1000 * timeoutSeconds - clock.elapsed() };
}

async function failureOutcome({ command, format }: Asked, text: string): Promise<Outcome> {
  const program = (await PROGRAMS[command]?.()) ?? checkCommand;
  return program.fail(text, format);
}

function crashWords(error: unknown): string {
  const name = error instanceof Error ? `${error.name}: ${error.message}` : 'no error object';
  return `internal error, please report it: ${foreign(name)}`;
}

/** Used if reporting the failure fails too. */
function crashed(): CommandAnswer {
  return { command: 'check', format: 'nagios', state: 'unknown', output: 'CONNTRACK UNKNOWN - internal error\n' };
}

// The verdict was not delivered (closed pipe, full disk): exit UNKNOWN and leave stderr empty. Try once more to print
// the reason.
async function finish({ state, output, ...request }: CommandAnswer): Promise<void> {
  const failure = writeText(output);
  if (failure === undefined) return self.exit(exitCode(state));
  if (failure.written === 0)
    writeText((await failureOutcome(request, `cannot write to stdout: ${failure.errno}`)).output);
  self.exit(exitCode('unknown'));
}

function giveUp(): void {
  self.exit(exitCode('unknown'));
}

async function inThread({ command }: ThreadTask): Promise<void> {
  const program = await PROGRAMS[command]?.();
  program?.inThread?.();
}
