// A timeout that keeps entries for longer than they are needed.

import { sysctlAction } from '../../words/action.ts';
import { grouped } from '../../words/prose.ts';
import { sysctlLine, sysctlPlaces, timeoutFlags } from '../../words/remedies.ts';
import { durationWords, percentWords } from '../../words/words.ts';
import type { Advice } from './advice.ts';
import { type Context, inNamespace, lasting, type Step, typedStep } from './step.ts';

export function timeoutStep(
  { kept, now, shorter, of, tooMany }: Extract<Advice, { kind: 'timeout' }>,
  context: Context,
): Step {
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
        ? `With it ${grouped(kept.ended)} of the entries (${percentWords((100 * kept.ended) / of)}) would have ended by now. Present entries keep their time until their next packet.`
        : `It keeps ${percentWords((100 * kept.entries) / of)} of the entries: new ones would need ${percentWords((100 * shorter) / now)} of the space.`,
      ...(tooMany === undefined
        ? []
        : [
            `It may not be enough alone: the packets that are refused now would be about ${grouped(tooMany)} entries, fewer if they are retries.`,
          ]),
      `Cost: no memory; a connection idle for longer than ${durationWords(shorter)} loses its entry.`,
    ],
    inNamespace: isElsewhere,
    files: isElsewhere ? files : [...files, ...timeoutFlags(context.observation, kept.name, shorter)],
  };
}
