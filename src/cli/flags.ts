// The one table of flags: getopt reads the command line by it, help is drawn from it.

export const COMMANDS = ['check', 'report', 'plan', 'munin'] as const;
/** What the first argument may name; without a name it is the check. */
export type Command = (typeof COMMANDS)[number];

export interface Flag {
  readonly long: string;
  readonly short?: string;
  /** What the value is, for help; a flag without it takes none. */
  readonly takes?: string;
  /** Whether it may be given more than once. */
  readonly repeat: boolean;
  /** The one command that it belongs to; a flag without it belongs to all. */
  readonly of?: Command;
  readonly about: string;
}

export const FLAGS = [
  {
    long: 'warning',
    short: 'w',
    takes: '[METRIC=]RANGE',
    of: 'check',
    repeat: true,
    about: 'WARNING outside RANGE (usage=80)',
  },
  {
    long: 'critical',
    short: 'c',
    takes: '[METRIC=]RANGE',
    of: 'check',
    repeat: true,
    about: 'CRITICAL outside RANGE (usage=90)',
  },
  { long: 'netns', takes: 'own|all', of: 'check', repeat: false, about: 'our network namespace, or every one (own)' },
  { long: 'absent', takes: 'STATE', of: 'check', repeat: false, about: 'state where no table is visible (unknown)' },
  { long: 'drift', takes: 'STATE', of: 'check', repeat: false, about: 'state if limit < configured (warning)' },
  {
    long: 'format',
    takes: 'FORMAT',
    of: 'check',
    repeat: false,
    about: 'nagios, json or prometheus (nagios)',
  },
  { long: 'format', takes: 'FORMAT', of: 'plan', repeat: false, about: 'text or json (text)' },
  { long: 'format', takes: 'FORMAT', of: 'report', repeat: false, about: 'text or json (text)' },
  { long: 'top', takes: 'N', of: 'report', repeat: false, about: 'how many of each to list (10)' },
  { long: 'pid', takes: 'PID', of: 'report', repeat: false, about: "list this process's namespace (fullest)" },
  { long: 'interval', takes: 'SECONDS', of: 'report', repeat: false, about: 'time between the two looks (1)' },
  { long: 'watch', of: 'report', repeat: false, about: 'again and again, until Ctrl-C' },
  { long: 'entries', takes: 'FILE|-', of: 'report', repeat: false, about: 'a list captured elsewhere (live)' },
  { long: 'max', takes: 'N', of: 'plan', repeat: false, about: 'the limit to plan for (recommended)' },
  { long: 'root', takes: 'DIR', repeat: false, about: 'read the tree in DIR, not this machine (/)' },
  { long: 'object-size', takes: 'BYTES', repeat: false, about: 'memory of one entry, all-in (measured)' },
  { long: 'state-dir', takes: 'DIR', of: 'check', repeat: false, about: 'keep samples here, for rates (none)' },
  { long: 'window', takes: 'SECONDS', of: 'check', repeat: false, about: 'how far rates look back (300)' },
  { long: 'timeout', short: 't', takes: 'SECONDS', of: 'check', repeat: false, about: 'give up after SECONDS (8)' },
  { long: 'timeout', short: 't', takes: 'SECONDS', of: 'munin', repeat: false, about: 'give up after SECONDS (8)' },
  { long: 'timeout', short: 't', takes: 'SECONDS', of: 'report', repeat: false, about: 'give up after SECONDS (none)' },
  { long: 'timeout', short: 't', takes: 'SECONDS', of: 'plan', repeat: false, about: 'give up after SECONDS (none)' },
  { long: 'verbose', short: 'v', repeat: true, about: 'say more: -v figures, -vv files, -vvv timings' },
  { long: 'version', short: 'V', repeat: false, about: 'print the version' },
  { long: 'help', short: 'h', repeat: false, about: 'print this help' },
] as const satisfies readonly Flag[];

export type FlagName = (typeof FLAGS)[number]['long'];
