// Messages for mistakes on the command line: what is wrong, and what was probably meant.

import { isMetricName, METRIC_NAMES, metricSpec } from '../evaluate/metrics.ts';
import { nearest } from '../evaluate/nearest.ts';
import { formatRange, parseRange } from '../evaluate/range.ts';
import { splitThreshold } from '../evaluate/thresholds.ts';
import { foreign } from '../words/words.ts';
import { COMMANDS, type Command, FLAG, flagsOf } from './flags.ts';
import type { Asked, Mistake } from './options.ts';

export function mistakeWords(mistake: Asked & Mistake): string {
  const { command, flag, text, why } = mistake;
  const given = text === '' ? '(empty)' : foreign(text).trim();
  const help = ['check_conntrack', ...(command === 'check' ? [] : [command]), '--help'].join(' ');
  return `${flag === undefined ? given : `${flag} ${given}`}: ${meantWords(mistake) ?? why}; see ${help}`;
}

function meantWords({ command, flag, text, why }: Asked & Mistake): string | undefined {
  const isThreshold = flag === `--${FLAG.warning.long}` || flag === `--${FLAG.critical.long}`;
  if (hasSeveralArguments(text, isThreshold)) return 'several arguments in one word; leave out the quotes';
  if (isThreshold) return metricsWords(text, why) ?? tildeWords(text);
  const near = /^unknown (?:argument|option)$/.test(why) ? nearWord(text, command) : undefined;
  return near === undefined ? undefined : `${why} (did you mean ${near}?)`;
}

/** Matches `'-w 80 -c 90'`, `'--warning 80'` and `-w '80 -c 90'`. */
function hasSeveralArguments(text: string, isThreshold: boolean): boolean {
  return /^(?:-\S*)?\s/.test(text) || (isThreshold && /\s-/.test(text));
}

function nearWord(text: string, command: Command): string | undefined {
  if (text === 'help' || text === 'version') return `--${text}`;
  const letters = text.replace(/^-+/, '');
  if (letters === text) return nearest(text, COMMANDS);
  const names = flagsOf(command).map(({ long }) => long);
  const near = nearest(letters, names);
  return near === undefined ? undefined : `--${near}`;
}

/** Lists the metrics, the nearest name first. */
function metricsWords(text: string, why: string): string | undefined {
  const [name] = splitThreshold(text);
  if (isMetricName(name)) return undefined;
  const metrics = METRIC_NAMES.filter((metric) => metricSpec(metric).judged !== 'nowhere');
  const near = nearest(name, metrics);
  const others = metrics.filter((metric) => metric !== near);
  return `${why}, available: ${(near === undefined ? others : [near, ...others]).join(' ')}`;
}

/** A shell expands `usage=~:80` to `usage=/root:80`. */
function tildeWords(text: string): string | undefined {
  const [name, range] = splitThreshold(text);
  const [, end] = /^\/[^:]*:(.*)$/s.exec(range) ?? [];
  const { scales } = metricSpec(isMetricName(name) ? name : 'usage');
  const meant = end === undefined ? undefined : parseRange(`~:${end}`, scales);
  return meant?.ok ? `the shell expanded ~ to a path; quote it: '${name}=${formatRange(meant.range)}'` : undefined;
}
