// The table of flags. The command line is parsed by it; help, manual and completions are generated from it.

import {
  choice,
  countReader,
  duration,
  type FlagKind,
  interval,
  pathReader,
  REPEATED,
  SWITCH,
  stateDirectory,
  stateReader,
  THRESHOLDS,
  wholeReader,
} from './readers.ts';

export const COMMANDS = ['check', 'report', 'incidents', 'plan', 'munin'] as const;
/** Values of the first argument; without one, the command is the check. */
export type Command = (typeof COMMANDS)[number];

/** Values of munin's argument; without one, munin prints values. */
export const MUNIN_MODES = ['config', 'autoconf', 'suggest'] as const;

export interface Flag {
  readonly long: string;
  readonly short?: string;
  /** Commands that accept the flag. */
  readonly of: readonly Command[];
  /** Help text, with the default in parentheses. */
  readonly about: string;
  readonly value: FlagKind<unknown>;
}

const FORMATS = ['nagios', 'json', 'prometheus'] as const;
const NO_PROCESS = 'not a process ID';
const FOREVER = Number.POSITIVE_INFINITY;

/** In the order in which help lists them. */
export const FLAG = {
  warning: { long: 'warning', short: 'w', of: ['check'], about: 'WARNING outside RANGE (usage=80)', value: THRESHOLDS },
  critical: {
    long: 'critical',
    short: 'c',
    of: ['check'],
    about: 'CRITICAL outside RANGE (usage=90)',
    value: THRESHOLDS,
  },
  netns: {
    long: 'netns',
    of: ['check'],
    about: 'this network namespace, or every one (own)',
    value: choice('own|all', ['own', 'all'], 'own', 'not own or all'),
  },
  absent: {
    long: 'absent',
    of: ['check'],
    about: 'state if no table is visible (unknown)',
    value: stateReader('unknown'),
  },
  drift: {
    long: 'drift',
    of: ['check'],
    about: 'state if limit < configured (warning)',
    value: stateReader('warning'),
  },
  partial: {
    long: 'partial',
    of: ['check'],
    about: 'state if not all namespaces are seen (ok)',
    value: stateReader('ok'),
  },
  format: {
    long: 'format',
    of: ['check'],
    about: 'nagios, json or prometheus (nagios)',
    value: choice('FORMAT', FORMATS, 'nagios', `not ${FORMATS.join(', ')}`),
  },
  textFormat: {
    long: 'format',
    of: ['report', 'incidents', 'plan'],
    about: 'text or json (text)',
    value: choice('FORMAT', ['text', 'json'], 'text', 'not text or json'),
  },
  top: { long: 'top', of: ['report'], about: 'rows in each list (10)', value: wholeReader('N', 10, 1000) },
  all: { long: 'all', of: ['report'], about: 'print every step in full (the first three)', value: SWITCH },
  pid: {
    long: 'pid',
    of: ['report'],
    about: "list this process's namespace (fullest)",
    value: wholeReader('PID', undefined, undefined, NO_PROCESS),
  },
  interval: { long: 'interval', of: ['report'], about: 'time between the two samples (1)', value: interval(1) },
  watch: { long: 'watch', of: ['report'], about: 'repeat until Ctrl-C', value: SWITCH },
  entries: {
    long: 'entries',
    of: ['report'],
    about: 'read a list captured elsewhere (live)',
    value: pathReader('FILE|-', undefined),
  },
  max: { long: 'max', of: ['plan'], about: 'the limit to plan for (recommended)', value: countReader('N', undefined) },
  root: {
    long: 'root',
    of: COMMANDS,
    about: 'read the tree in DIR, not this machine (/)',
    value: pathReader('DIR', '/'),
  },
  objectSize: {
    long: 'object-size',
    of: COMMANDS,
    about: 'memory of one entry, all-in (measured)',
    value: wholeReader('BYTES', undefined),
  },
  stateDir: {
    long: 'state-dir',
    of: ['check'],
    about: 'keep samples between runs in DIR (none)',
    value: stateDirectory('DIR'),
  },
  checksDir: {
    long: 'state-dir',
    of: ['report', 'incidents'],
    about: 'read what checks kept in DIR (see manual)',
    value: stateDirectory('DIR'),
  },
  window: { long: 'window', of: ['check'], about: 'how far rates look back (300)', value: duration(300) },
  record: {
    long: 'record',
    of: ['check'],
    about: 'keep a report of each incident',
    value: SWITCH,
  },
  timeout: {
    long: 'timeout',
    short: 't',
    of: ['check', 'munin'],
    about: 'give up after SECONDS (8)',
    value: duration(8),
  },
  endlessTimeout: {
    long: 'timeout',
    short: 't',
    of: ['report', 'incidents', 'plan'],
    about: 'give up after SECONDS (none)',
    value: duration(FOREVER),
  },
  verbose: {
    long: 'verbose',
    short: 'v',
    of: COMMANDS,
    about: 'print more: -v figures, -vv files, -vvv timings',
    value: REPEATED,
  },
  version: { long: 'version', short: 'V', of: COMMANDS, about: 'print the version', value: SWITCH },
  help: { long: 'help', short: 'h', of: COMMANDS, about: 'print this help', value: SWITCH },
} as const satisfies Readonly<Record<string, Flag>>;

export type FlagName = (typeof FLAG)[keyof typeof FLAG]['long'];
/** A row of the table, under its general type. */
export type KnownFlag = Flag & { readonly long: FlagName };

export const FLAGS: readonly KnownFlag[] = Object.values(FLAG);

export function flagsOf(command: Command): readonly KnownFlag[] {
  return FLAGS.filter(({ of }) => of.includes(command));
}
