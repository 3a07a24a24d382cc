// The advice as numbered steps with commands to paste: each with its undo, effect and cost, and how to make it last.

import { editsUndone, placeWords } from '../../words/edit-words.ts';
import { hanging, indented } from '../../words/prose.ts';
import type { Palette } from '../palette.ts';
import type { Advice } from './advice.ts';
import { clashStep } from './clash.ts';
import { halfClosedStep } from './half-closed.ts';
import { inForceStep } from './in-force.ts';
import { keepStep } from './keep-limit.ts';
import { networkStep, sourceStep } from './keep-out.ts';
import { bucketStep } from './more-buckets.ts';
import { natPortsStep } from './more-nat-ports.ts';
import { notrackStep } from './notrack.ts';
import { noMemoryStep, raiseStep } from './raise-limit.ts';
import { rateLimitStep } from './rate-limit.ts';
import { releaseStep, unprovenStep } from './release.ts';
import { restoreStep } from './restore-limit.ts';
import { timeoutStep } from './shorter-timeout.ts';
import { sourceLimitStep } from './source-limit.ts';
import type { Context, Step } from './step.ts';
import { synproxyStep } from './synproxy.ts';

const INDENT = ' '.repeat(5);
const MOST_IN_FULL = 3;

/** `otherwise`: the text if there is nothing to do. `isAll`: every alternative in full, else the first ones. */
export function adviceLines(
  advice: readonly Advice[],
  otherwise: string,
  context: Context,
  palette: Palette,
  isAll = false,
): readonly string[] {
  if (advice.length === 0) return indented(otherwise);
  // Rules in force are not an alternative to the other steps.
  const isFull = (each: Advice, at: number) => isAll || at < MOST_IN_FULL || each.kind === 'in_force';
  const lines = advice.flatMap((each, at) => {
    const [number, step] = [`${at + 1}. `, stepOf(each, context)];
    return isFull(each, at) ? stepLines(number, step, palette) : hanging(`  ${number}`, shortTitle(step), INDENT);
  });
  return advice.every(isFull) ? lines : [...lines, ...indented('report --all prints every step in full.')];
}

/** Without its figures and reasons. */
function shortTitle({ title }: Step): string {
  return title.replace(/(?:: (?:it has|they may|the table|likely) |, ).*$/, '.');
}

/**
 * The preconditions and commands of the first step, to be printed next to the verdict. If a step looks before it
 * changes something, only the look. Empty if there is nothing to type now.
 */
export function firstStepLines(advice: readonly Advice[], context: Context, palette: Palette): readonly string[] {
  const steps = advice
    .filter(({ kind }) => kind !== 'in_force' && kind !== 'keep')
    .map((each) => stepOf(each, context));
  const at = steps.findIndex(({ commands }) => commands.length > 0);
  const first = steps[at];
  if (first === undefined) return [];
  const { title, preconditions = [], commands, looks } = first;
  const typed = looks > 0 ? commands.slice(0, looks) : commands;
  return [
    ...hanging('', `Do this first: ${title}`, '  '),
    ...(looks > 0 ? [] : preconditions.flatMap((text) => hanging('  ', text, '  '))),
    ...typed.map((line) => `    ${palette.command(line)}`),
    ...(commands.length > typed.length ? indented(`Step ${at + 1} below has the rest, its cost and its undo.`) : []),
  ];
}

function stepLines(number: string, step: Step, palette: Palette): readonly string[] {
  const note = (text: string) => hanging(INDENT, text, INDENT);
  const { preconditions = [], commands, undo, instead, undoInstead, remains } = step;
  return [
    ...hanging(`  ${number}`, step.title, INDENT),
    ...preconditions.flatMap(note),
    ...typedLines(commands, undo, palette),
    ...(instead.length === 0 ? [] : [`${INDENT}or, with iptables:`, ...typedLines(instead, undoInstead, palette)]),
    ...(remains === undefined ? [] : note(remains)),
    ...step.notes.flatMap(note),
    ...fileLines(step),
  ];
}

function typedLines(commands: readonly string[], undo: readonly string[], palette: Palette): readonly string[] {
  const lines = (typed: readonly string[]) => typed.map((line) => `${INDENT}  ${palette.command(line)}`);
  return [...lines(commands), ...(undo.length === 0 ? [] : [`${INDENT}Undo:`, ...lines(undo)])];
}

function fileLines({ inNamespace, files }: Step): readonly string[] {
  if (files.length === 0) return [];
  const lasts = inNamespace
    ? 'It lasts as long as that namespace. To make it permanent:'
    : 'It lasts until the next boot. To make it permanent:';
  const undo = editsUndone(files);
  return [
    `${INDENT}${lasts}`,
    ...files.flatMap((file) => [
      `${INDENT}  ${placeWords(file)}`,
      ...file.lines.map((line) => `${INDENT}      ${line}`),
    ]),
    ...(undo === undefined ? [] : hanging(INDENT, `Undo: ${undo}.`, INDENT)),
  ];
}

export function stepOf(advice: Advice, context: Context): Step {
  switch (advice.kind) {
    case 'restore':
      return restoreStep(advice, context);
    case 'raise':
      return raiseStep(advice, context);
    case 'buckets':
      return bucketStep(advice, context);
    case 'timeout':
      return timeoutStep(advice, context);
    case 'notrack':
      return notrackStep(advice, context);
    case 'source':
      return sourceStep(advice, context);
    case 'network':
      return networkStep(advice, context);
    case 'source_limit':
      return sourceLimitStep(advice, context);
    case 'synproxy':
      return synproxyStep(advice, context);
    case 'rate_limit':
      return rateLimitStep(advice, context);
    case 'nat_ports':
      return natPortsStep(advice, context);
    case 'clash':
      return clashStep(advice, context);
    case 'half_closed':
      return halfClosedStep(advice, context);
    case 'free':
      return releaseStep(advice, context);
    case 'unproven':
      return unprovenStep(advice);
    case 'in_force':
      return inForceStep(advice, context);
    case 'keep':
      return keepStep(advice, context);
    case 'no_memory':
      return noMemoryStep();
  }
}
