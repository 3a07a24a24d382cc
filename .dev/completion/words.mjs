// The common data of all completions, from the source's tables of flags and metrics: possible words and values. No
// completion runs the plugin.

const COMMANDS_ABOUT = {
  check: 'check the table (the default)',
  report: 'explain an incident',
  incidents: 'list the incidents that --record kept',
  plan: 'what a limit costs and how to set it',
  munin: 'the Munin plugin',
};
export const NOTE = 'Generated from the tables of flags and metrics by `npm run papers`.';

/** Returns the arguments of each command, in terms that all three shells have. */
export function described({ COMMANDS, FLAGS }) {
  const flagsOf = (command) => FLAGS.filter(({ of }) => of.includes(command));
  return COMMANDS.map((name) => ({
    name,
    flags: flagsOf(name).map((flag) => ({ ...flag, names: namesOf(flag), value: valueFor(flag) })),
  }));
}

function namesOf({ long, short }) {
  return [...(short === undefined ? [] : [`-${short}`]), `--${long}`];
}

/** Returns the kind of a flag's value, with the words of a choice; undefined for a flag without a value. */
function valueFor({ takes, words }) {
  if (takes === undefined) return undefined;
  if (takes.includes('METRIC')) return { kind: 'metric' };
  if (takes.startsWith('DIR')) return { kind: 'directory' };
  if (takes.startsWith('FILE')) return { kind: 'file' };
  return words === undefined ? { kind: 'any' } : { kind: 'choice', words };
}

/** Returns the metrics that accept thresholds, with their descriptions. */
export function metricsOf({ METRICS, METRIC_NAMES, metricSpec }) {
  return METRIC_NAMES.filter((name) => metricSpec(name).judged !== 'nowhere').map((name) => [name, METRICS[name]]);
}

export function commandsOf({ COMMANDS }) {
  return COMMANDS.map((name) => [name, COMMANDS_ABOUT[name] ?? name]);
}
