// What all completions are made of: from the source's tables of flags and metrics, what may follow, and what a value may
// be. None of them runs the plugin.

const COMMANDS_ABOUT = {
  check: 'the check, which it is without a command',
  report: 'an incident, told to a person',
  plan: 'what a limit costs and how to set it',
  munin: 'the plugin for Munin',
};
export const NOTE = 'Made of the tables of flags and metrics by `npm run papers`.';

/** What each command takes, in the terms of all three shells. */
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

/** What a flag's value is: undefined for none, else its kind and, of a choice, the words. */
function valueFor({ takes, words }) {
  if (takes === undefined) return undefined;
  if (takes.includes('METRIC')) return { kind: 'metric' };
  if (takes.startsWith('DIR')) return { kind: 'directory' };
  if (takes.startsWith('FILE')) return { kind: 'file' };
  return words === undefined ? { kind: 'any' } : { kind: 'choice', words };
}

/** The metrics that thresholds may be on, with what they are. */
export function metricsOf({ METRICS, METRIC_NAMES, metricSpec }) {
  return METRIC_NAMES.filter((name) => metricSpec(name).judged !== 'nowhere').map((name) => [name, METRICS[name]]);
}

export function commandsOf({ COMMANDS }) {
  return COMMANDS.map((name) => [name, COMMANDS_ABOUT[name] ?? name]);
}
