// What to do, numbered, as commands to paste: each with its effect, its cost, and what makes it survive a reboot.

import type { Advice } from '../evaluate/advice.ts';
import type { Plan } from '../evaluate/plan.ts';
import { GENERATIONS } from '../observation/generation.ts';
import type { Observation } from '../observation/observation.ts';
import { clashStep, natPortsStep } from './advice-clash.ts';
import { networkStep, sourceLimitStep, sourceStep } from './culprit-steps.ts';
import { causeWords } from './drift.ts';
import { rateLimitStep, synproxyStep } from './flood-steps.ts';
import { halfClosedStep } from './half-closed-step.ts';
import { notrackStep } from './notrack-step.ts';
import type { Palette } from './palette.ts';
import { grouped, hanging, indented } from './prose.ts';
import { releaseStep } from './release-step.ts';
import {
  durable,
  type FileLines,
  hashsizeCommand,
  liveCommands,
  placeWords,
  sysctlPlaces,
  timeoutFlags,
} from './remedies.ts';
import { type Context, inNamespace, lasting, type Step } from './step.ts';
import { durationWords, foreign, percentWords, sizeWords } from './words.ts';

const INDENT = ' '.repeat(5);

/** `otherwise`: what to say where there is nothing to do. */
export function adviceLines(
  advice: readonly Advice[],
  otherwise: string,
  context: Context,
  palette: Palette,
): readonly string[] {
  if (advice.length === 0) return indented(otherwise);
  return advice.flatMap((one, at) => stepLines(`${at + 1}. `, stepOf(one, context), palette));
}

function stepLines(number: string, { title, commands, instead, notes, inNamespace, files }: Step, palette: Palette) {
  const lasts = inNamespace
    ? 'It lasts as long as that namespace. For good:'
    : 'It lasts until the next boot. For good:';
  const typed = (lines: readonly string[]) => lines.map((line) => `${INDENT}  ${palette.command(line)}`);
  return [
    ...hanging(`  ${number}`, title, INDENT),
    ...typed(commands),
    ...(instead.length === 0 ? [] : [`${INDENT}or, with iptables:`, ...typed(instead)]),
    ...notes.flatMap((note) => hanging(INDENT, note, INDENT)),
    ...(files.length === 0 ? [] : [`${INDENT}${lasts}`]),
    ...files.flatMap((file) => [
      `${INDENT}  ${placeWords(file)}`,
      ...file.lines.map((line) => `${INDENT}      ${line}`),
    ]),
  ];
}

export function stepOf(advice: Advice, context: Context): Step {
  switch (advice.kind) {
    case 'restore': {
      const { drift, causes, plan } = advice;
      const title = `Set the limit that ${foreign(drift.wanted.path)} wants, ${grouped(drift.wanted.limit)}.`;
      const { generation } = context.observation.machine;
      const why = causes.map((cause) => `Likely cause: ${causeWords(cause, drift, generation)}.`);
      return limitStep(title, plan, why, context);
    }
    case 'raise': {
      const buckets = liveCommands(context.observation, advice.plan).length > 1 ? ', and the buckets with it' : '';
      const title = `Raise the limit to ${grouped(advice.plan.limit)}${buckets}.`;
      return limitStep(title, advice.plan, demandNotes(advice), context);
    }
    case 'buckets':
      return bucketStep(advice.plan, context);
    case 'timeout':
      return timeoutStep(advice, context);
    case 'notrack':
      return notrackStep(advice, context);
    case 'source':
      return sourceStep(advice, context);
    case 'nat_ports':
      return {
        ...natPortsStep(advice, inNamespace(context)),
        ...lasting(context, sysctlPlaces(context.observation.machine), timeoutLines(advice)),
      };
    case 'clash':
      return { ...clashStep(advice, inNamespace(context)), inNamespace: false, files: [] };
    case 'keep':
      return keepStep(advice.plan, context);
    case 'network':
      return networkStep(advice, context);
    case 'source_limit':
      return sourceLimitStep(advice, context);
    case 'synproxy':
      return synproxyStep(advice, context);
    case 'rate_limit':
      return rateLimitStep(advice, context);
    case 'half_closed':
      return halfClosedStep(advice, context);
    case 'free':
      return releaseStep(advice, context);
    case 'no_memory':
      return {
        title: 'No higher limit: there is not the memory for it.',
        commands: [],
        instead: [],
        notes: ['A full table is never swapped. Keep the flood out, or spread the load.'],
        inNamespace: false,
        files: [],
      };
  }
}

function limitStep(title: string, plan: Plan, reasons: readonly string[], { observation }: Context): Step {
  const { available } = observation.machine;
  const room = available.ok ? `, of ${sizeWords(available.value.bytes)} available` : '';
  const where = observation.tables[0].isInitial
    ? ''
    : ' On the host, in the initial network namespace: elsewhere it may be read-only.';
  const effect = `Costs up to ${sizeWords(Math.max(0, plan.more))} more when full${room}.${where}`;
  return {
    title,
    commands: liveCommands(observation, plan),
    instead: [],
    notes: [...reasons, effect],
    inNamespace: false,
    files: filesOf(plan, observation),
  };
}

// A file that sets it already has a name that others gave it.
function filesOf(plan: Plan, observation: Observation): readonly FileLines[] {
  return durable(observation, plan).map((file) => ({ ...file, where: foreign(file.where) }));
}

function timeoutLines({ timeout }: Extract<Advice, { kind: 'nat_ports' }>): readonly string[] {
  return timeout === undefined ? [] : [`${GENERATIONS.nf_conntrack.sysctlPrefix}${timeout.name} = ${timeout.shorter}`];
}

function keepStep(plan: Plan, { observation }: Context): Step {
  return {
    title: `Nothing now. Make the limit of ${grouped(plan.limit)} last: no file sets it.`,
    commands: [],
    instead: [],
    notes: [],
    inNamespace: false,
    files: filesOf(plan, observation),
  };
}

function demandNotes({ demand, plan }: Extract<Advice, { kind: 'raise' }>): readonly string[] {
  if (demand === undefined) return ['New connections get in at once.'];
  const { kind, perSecond, seconds, entries } = demand;
  const rate = grouped(Math.round(perSecond));
  const stay = `${durationWords(seconds)} or more: with those that are there, and with what is not collected at once, about ${grouped(Math.round(entries))} at the same time`;
  const words =
    kind === 'growing'
      ? `It grows by ${rate} entries/s, and each may stay ${stay}, if that goes on.`
      : `${rate} packets/s find no room for a new entry, and each would stay ${stay}. Who tries again is counted again, and clients that wait are not seen.`;
  return plan.limit < entries
    ? [words, 'More than memory allows: a higher limit alone does not end it. It will be full again unless less comes.']
    : [words, 'New connections get in at once.'];
}

function bucketStep(plan: Plan, { observation }: Context): Step {
  return {
    title: `More buckets, ${grouped(plan.buckets)}: shorter chains.`,
    commands: [hashsizeCommand(observation.machine, plan.buckets)],
    instead: [],
    notes: [`Entries are in shorter chains at once. Costs ${sizeWords(plan.hashTable)} in all.`],
    inNamespace: false,
    files: filesOf(plan, observation),
  };
}

function timeoutStep({ kept, shorter, of, tooMany }: Extract<Advice, { kind: 'timeout' }>, context: Context): Step {
  const { generation } = context.observation.machine;
  const name = GENERATIONS[generation].sysctlPrefix + kept.name;
  const share = percentWords((100 * kept.ended) / of);
  const { inNamespace: isElsewhere, files } = lasting(context, sysctlPlaces(context.observation.machine), [
    `${name} = ${shorter}`,
  ]);
  return {
    title: `Shorten ${generation}_${kept.name} from ${kept.seconds} s to ${shorter} s.`,
    commands: [`${inNamespace(context)}sysctl -w ${name}=${shorter}`],
    instead: [],
    notes: [
      kept.ended > 0
        ? `With it ${grouped(kept.ended)} of the entries (${share}) would be gone by now. Those that are there keep their time until their next packet.`
        : `It keeps ${percentWords((100 * kept.entries) / of)} of the entries: new ones would need ${shorter} of ${kept.seconds} parts of the room.`,
      ...(tooMany === undefined
        ? []
        : [
            `It may not suffice alone: what finds no room now would be about ${grouped(tooMany)} entries, or fewer where it tries again.`,
          ]),
      `Costs no memory; who is silent for longer than ${durationWords(shorter)} loses the entry.`,
    ],
    inNamespace: isElsewhere,
    files: isElsewhere ? files : [...files, ...timeoutFlags(context.observation, kept.name, shorter)],
  };
}
