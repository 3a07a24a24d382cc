// The timeouts that keep the entries of a list, in words: the one in force, and what shows it.

import type { TimeoutPolicy } from '../../kernel/rules/timeout-policies.ts';
import { grouped, indented } from '../../words/prose.ts';
import { durationWords, foreign, percentWords } from '../../words/words.ts';
import type { Holdings } from './holders.ts';
import type { Kept } from './kept.ts';

const MOST_TIMEOUTS = 5;

/** `policies` are those of the rules, as far as they are known. */
export function timeoutLines({ timeouts, entries }: Holdings, policies: readonly TimeoutPolicy[]): readonly string[] {
  if (timeouts.length === 0) return [];
  const shown = timeouts.slice(0, MOST_TIMEOUTS);
  const rows = shown.map((kept) => {
    const share = percentWords((100 * kept.entries) / entries).padStart(7);
    const figures = `${grouped(kept.entries).padStart(10)}${share}`;
    return `    ${timeoutWords(kept).padEnd(41)}${figures}, ${durationWords(kept.longest)} left`;
  });
  return ['  Kept by the timeout; longest time left', ...rows, ...shown.flatMap((kept) => noteLines(kept, policies))];
}

function timeoutWords({ name, seconds, by }: Kept): string {
  if (seconds === undefined) return name;
  if (by === 'unsettled') return `tcp_timeout_unacknowledged (${durationWords(seconds)})`;
  return `${name} (${by === 'entries' ? 'at least ' : ''}${durationWords(seconds)})`;
}

/** The evidence for another timeout than the sysctl. */
function noteLines(kept: Kept, policies: readonly TimeoutPolicy[]): readonly string[] {
  const { name, set, by, longest, entries, beyond } = kept;
  if (by === 'sysctl' || set === undefined) return [];
  const policy = policies.find((candidate) => (policySeconds(candidate, name) ?? 0) >= longest);
  const seconds = policy && policySeconds(policy, name);
  const isMixed = by === 'entries' && beyond > 0 && beyond < entries;
  const most = isMixed
    ? `${grouped(beyond)} of its ${grouped(entries)} entries have more, up to`
    : 'its entries have up to';
  const left = `${name} is ${durationWords(set)}, but ${most} ${durationWords(longest)} left`;
  if (policy !== undefined && seconds !== undefined)
    return indented(`${left}: the rules set ${durationWords(seconds)} (ct timeout ${foreign(policy.name)}).`, '    ');
  return indented(`${left}: ${by === 'entries' ? LONGER : UNACKNOWLEDGED}.`, '    ');
}

const LONGER = 'a timeout policy sets more, or the sysctl was higher earlier';
const UNACKNOWLEDGED =
  'data is unacknowledged or retransmitted (tcp_timeout_unacknowledged, tcp_timeout_max_retrans), as when a peer is gone';

const [UNREPLIED, REPLIED] = ['unreplied', 'replied'];

/** The seconds that a policy sets instead of the sysctl of that name. */
function policySeconds({ protocol, seconds }: TimeoutPolicy, name: string): number | undefined {
  const [, of = '', state = ''] = /^(\w+?)_timeout_?(\w*)$/.exec(name) ?? [];
  if (of !== protocol) return undefined;
  return seconds.get(state === '' ? UNREPLIED : state === 'stream' ? REPLIED : state);
}
