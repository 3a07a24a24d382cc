// The help text, rendered by yargs from the flag table. Loaded on demand: yargs takes longer to load than a check takes
// to run.

import yargs from 'yargs';
import type { MetricName } from '../evaluate/metrics.ts';
import { byCounter, byRate } from '../model/counters.ts';
import { COUNTER_WORDS } from '../words/counter-words.ts';
import { type Command, flagsOf } from './flags.ts';

type Described = readonly [name: string, about: string];

const COLUMNS = 80;

/** Also used for the manual and the completions. */
export const METRICS: Readonly<Record<MetricName, string>> = {
  usage: 'entries as a share of the limit',
  entries: 'entries in the table',
  slab: 'slab memory of the current entries',
  slab_max: 'slab memory that a full table pins',
  memory_share: 'slab_max + hash table, share of RAM',
  load_factor: 'limit / hash buckets',
  ...byCounter((name) => COUNTER_WORDS[name].help),
  ...byRate((name) => `${name} per second over the window`),
  lost_rate: 'packets/s lost: table full or long chains',
  clash_rate: 'packets/s lost to clashes: NAT ports, DNS races',
  growth: 'entries per second over the window',
  time_to_full: 'time until the table is full at this growth',
  netns_usage: 'usage of the fullest namespace (no threshold)',
  netns_count: 'network namespaces found (no threshold)',
};

const EXAMPLES: Readonly<Record<Command, readonly Described[]>> = {
  check: [
    ['Nagios', '$USER1$/check_conntrack -w 80 -c 90'],
    ['NRPE', 'command[check_conntrack]=/usr/lib/nagios/plugins/check_conntrack -w 80'],
    ['Shell', "check_conntrack -v -w 70 -c '~:90' -w slab_max=512MiB"],
  ],
  report: [
    ['Incident', 'sudo check_conntrack report'],
    ['One pod', 'sudo check_conntrack report --pid 12994'],
    ['Elsewhere', 'ssh fw sudo conntrack -L | check_conntrack report --entries -'],
  ],
  incidents: [
    ['List', 'sudo check_conntrack incidents'],
    ['One', 'sudo check_conntrack incidents 2'],
    ['By script', 'check_conntrack incidents --state-dir /var/lib/nagios --format json'],
  ],
  plan: [
    ['Recommend', 'check_conntrack plan'],
    ['Work out', 'check_conntrack plan --max 1000000'],
    ['Elsewhere', 'check_conntrack plan --root /tmp/tree --max 262144'],
  ],
  munin: [
    ['Values', 'munin-run conntrack'],
    ['By hand', 'check_conntrack munin config'],
  ],
};

const USAGE: Readonly<Record<Command, string>> = {
  check: `Usage: check_conntrack [options]
       check_conntrack report [options]
       check_conntrack incidents [N] [options]
       check_conntrack plan [--max N] [options]
       check_conntrack munin [config|autoconf|suggest]

Checks the Linux connection-tracking table. report explains an incident,
incidents lists what --record kept, plan shows what a limit costs and how to set
it, munin is the Munin plugin. Each has --help.`,
  report: `Usage: check_conntrack report [options]

Explains an incident: is conntrack the cause, in which namespace, what fills the
table, and what to type. Takes two samples and changes nothing. Exits with the
state of the verdict.`,
  incidents: `Usage: check_conntrack incidents [N] [options]

Lists the incidents that checks with --record have kept, newest first, or prints
report N of the list as it was taken. Changes nothing.`,
  plan: `Usage: check_conntrack plan [--max N] [options]

Prints what a limit of N entries costs on this machine, which hashsize goes with
it, and how to set both, now and permanently. Changes nothing.`,
  munin: `Usage: check_conntrack munin [config|autoconf|suggest] [options]

The Munin plugin: entries and limit, losses, memory, and every network namespace
if env.netns is all. Thresholds are env.warning and env.critical, in the syntax
of -w and -c, or env.<field>_warning for one field.`,
};

const NOTES = `RANGE is start:end, both ends included, and alerts outside of it. N means 0:N,
~ is minus infinity, an empty end is infinity, @start:end alerts inside.
Without METRIC it applies to usage. Units: % for percentages, K M G T (1000) and
KiB MiB GiB TiB (1024) for bytes, k M (1000) for counts, s m h d for times;
SECONDS takes these too, as in 5m. In a shell, quote a RANGE with ~ or @ in it.

Exit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; help and version exit 3.`;

/** Returns the whole help text, at most 80 columns wide. */
export function renderHelp(command: Command): string {
  const flags = flagsOf(command);
  const parser = yargs([])
    .scriptName('check_conntrack')
    .version(false)
    .help(false)
    .detectLocale(false)
    .wrap(COLUMNS)
    .updateStrings({ 'Options:': 'Options (defaults in parentheses):' });
  const widest = Math.max(...flags.map(({ value: { takes = '' } }) => takes.length));
  for (const { long, short, about, value } of flags) {
    const { takes } = value;
    const describe = takes === undefined ? about : `${takes.padEnd(widest)}  ${about}`;
    parser.option(long, { ...(short === undefined ? {} : { alias: short }), describe });
  }
  const examples = table('Examples:', EXAMPLES[command]);
  const sections = command === 'check' ? [table('Metrics:', Object.entries(METRICS)), examples, NOTES] : [examples];
  let text = '';
  parser.epilogue(sections.join('\n\n')).showHelp((help) => {
    text = help;
  });
  return `${USAGE[command]}\n\n${text}\n`;
}

function table(title: string, rows: readonly Described[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, about]) => `  ${name.padEnd(width)}  ${about}`)].join('\n');
}
