// A timeout that keeps entries longer than they are needed.
//   When    a tenth of the entries would have ended by now, or, in a flood, half of them are given it
//   Cost    a connection idle for longer than the new value loses its entry
//   Undo    the value that was read

import { sysctlAction } from '../../words/action.ts';
import { inNamespace } from '../../words/in-namespace.ts';
import { grouped } from '../../words/prose.ts';
import { sysctlLine, sysctlPlaces, timeoutFlags } from '../../words/remedies.ts';
import { durationWords, percentWords } from '../../words/words.ts';
import type { Kept } from '../list/kept.ts';
import { listedRow } from './advice-row.ts';
import type { ListedCase } from './case.ts';
import { demandOf } from './demand.ts';
import { type Context, lasting, type Step, typedStep } from './step.ts';
import { DOMINANT, WORTHWHILE } from './suspicion.ts';

export interface TimeoutAdvice {
  readonly kind: 'timeout';
  readonly kept: Kept;
  /** Seconds, as they were read. */
  readonly now: number;
  readonly shorter: number;
  readonly of: number;
  /** Entries that the refused packets would make with the shorter timeout; undefined if the table has room for them. */
  readonly tooMany: number | undefined;
}

/** A timeout that may lead the advice: the table then has room for the refused packets. */
export const sufficientTimeoutRow = listedRow(
  (facts) => timeoutAdvice(facts).filter(({ tooMany }) => tooMany === undefined),
  timeoutStep,
);
export const partialTimeoutRow = listedRow(
  (facts) => timeoutAdvice(facts).filter(({ tooMany }) => tooMany !== undefined),
  timeoutStep,
);

// The timeouts of a new flow.
const FIRST = ['udp_timeout', 'tcp_timeout_syn_sent', 'tcp_timeout_syn_recv', 'icmp_timeout', 'icmpv6_timeout'];

// The timeout that would have ended most entries; in a flood, whose entries are all young, the one that keeps most. A
// timeout that was shortened a moment ago is left alone: its entries still have their former time. A value that could
// not be read could not be restored.
function timeoutAdvice({ settings, diagnosis, holdings, arrivals }: ListedCase): readonly TimeoutAdvice[] {
  const { timeouts, entries } = holdings;
  const { limit } = diagnosis.worst.result.table;
  const demand = demandOf(diagnosis, holdings, arrivals);
  const lacking = demand?.kind === 'lacking' ? demand.perSecond : 0;
  const open = timeouts.filter(({ name, longest, shorter }) => {
    const now = settings.get(name);
    return now !== undefined && shorter !== undefined && shorter < now && longest <= now;
  });
  const [best] = open.sort((a, b) => b.ended - a.ended);
  const now = best && settings.get(best.name);
  if (now === undefined || best?.shorter === undefined) return [];
  const fresh = lacking > 0 && FIRST.includes(best.name) && best.entries >= DOMINANT * entries;
  const relieves = fresh || best.ended >= WORTHWHILE * entries;
  // Refused packets, if each had an entry for that long.
  const others = Math.round(lacking * best.shorter);
  const tooMany = others > limit ? others : undefined;
  return relieves ? [{ kind: 'timeout', kept: best, now, shorter: best.shorter, of: entries, tooMany }] : [];
}

export function timeoutStep({ kept, now, shorter, of, tooMany }: TimeoutAdvice, context: Context): Step {
  const { generation } = context.observation.machine;
  const { inNamespace: isElsewhere, files } = lasting(context, {
    where: sysctlPlaces(context.observation.machine),
    lines: [sysctlLine(generation, kept.name, shorter)],
  });
  return {
    title: `Shorten ${generation}_${kept.name} from ${now} s to ${shorter} s.`,
    ...typedStep(inNamespace(context), [sysctlAction(generation, kept.name, shorter, now)]),
    notes: [
      kept.ended > 0
        ? `With this, ${grouped(kept.ended)} of the entries (${percentWords((100 * kept.ended) / of)}) would have ended by now. Current entries keep their time until their next packet.`
        : `It keeps ${percentWords((100 * kept.entries) / of)} of the entries: new entries would need ${percentWords((100 * shorter) / now)} of the space.`,
      ...(tooMany === undefined
        ? []
        : [
            `This may not be enough alone: the packets refused now would be about ${grouped(tooMany)} entries, fewer if they are retries.`,
          ]),
      `Cost: no memory; a connection idle for longer than ${durationWords(shorter)} loses its entry.`,
    ],
    inNamespace: isElsewhere,
    files: isElsewhere ? files : [...files, ...timeoutFlags(context.observation, kept.name, shorter)],
  };
}
