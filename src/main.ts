// The process: arguments in, text on stdout, an exit code. Whatever goes wrong on the way becomes UNKNOWN.

import { version } from '../package.json';
import { FLAGS } from './cli/flags.ts';
import { isCommand } from './cli/getopt.ts';
import { renderHelp } from './cli/help.ts' with { type: 'rarest' };
import { type Environment, parseRequest, type Request, wantedFormat } from './cli/options.ts';
import { check, failure, type Outcome } from './commands/check.ts';
import { munin } from './commands/munin.ts' with { type: 'rare' };
import { plan } from './commands/plan.ts' with { type: 'rare' };
import { report } from './commands/report.ts' with { type: 'rare' };
import { exitCode } from './evaluate/state.ts';
import type { Deadline } from './kernel/root.ts';
import { foreign } from './present/words.ts';
import { writeAll } from './stdout.ts';

const outcome = attempt(() => run(process.argv.slice(2), process.env));
if ('then' in outcome) outcome.catch(crashed).then(finish);
else finish(outcome);

function attempt(outcome: () => Outcome | Promise<Outcome>): Outcome | Promise<Outcome> {
  try {
    return outcome();
  } catch (error) {
    return crashed(error);
  }
}

function run(argv: readonly string[], environment: Environment): Outcome | Promise<Outcome> {
  const request = parseRequest(argv, environment);
  switch (request.kind) {
    case 'help':
      return { state: 'unknown', output: renderHelp(FLAGS, request.command) };
    case 'version':
      return { state: 'unknown', output: `check_conntrack ${version}\n` };
    case 'mistake':
      return unknown(mistakeWords(request));
    case 'check':
      return check(request.options, deadline(request.options));
    case 'munin':
      return munin(request.options, deadline(request.options));
    case 'report':
      return report(request.options, deadline(request.options));
    case 'plan':
      return plan(request.options, deadline(request.options));
  }
}

function deadline({ timeoutSeconds }: { readonly timeoutSeconds: number }): Deadline {
  const elapsed = () => 1000 * process.uptime();
  return { elapsed, left: () => 1000 * timeoutSeconds - elapsed() };
}

function mistakeWords({ flag, why, text }: Extract<Request, { kind: 'mistake' }>): string {
  const given = text === '' ? '(empty)' : foreign(text);
  return `${flag === undefined ? given : `${flag} ${given}`}: ${why}; see check_conntrack --help`;
}

function crashed(error: unknown): Outcome {
  const name = error instanceof Error ? `${error.name}: ${error.message}` : 'no error object';
  return unknown(`internal error, please report it: ${foreign(name)}`);
}

function unknown(text: string): Outcome {
  const argv = process.argv.slice(2);
  return failure(text, wantedFormat(argv), isCommand(argv[0]) ? argv[0] : 'check');
}

function finish({ state, output }: Outcome): void {
  process.exit(exitCode(delivered(output) ? state : 'unknown'));
}

// No reader, or a full disk: nobody has the verdict, so it must not look like one. stderr stays empty.
function delivered(output: string): boolean {
  try {
    writeAll(Buffer.from(output, 'latin1'));
    return true;
  } catch {
    return false;
  }
}
