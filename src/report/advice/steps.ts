// What to do, numbered, as commands to paste: each step with its undo, its effect, its cost, and what makes it last.

import { hanging, indented } from '../../words/prose.ts';
import { editsUndone, placeWords } from '../../words/remedies.ts';
import type { Palette } from '../palette.ts';
import type { Advice } from './advice.ts';
import { clashStep } from './clash-step.ts';
import { halfClosedStep } from './half-closed-step.ts';
import { networkStep, sourceStep } from './keep-out-step.ts';
import { bucketStep, keepStep, noMemoryStep, raiseStep, restoreStep } from './limit-steps.ts';
import { natPortsStep } from './nat-ports-step.ts';
import { notrackStep } from './notrack-step.ts';
import { rateLimitStep } from './rate-limit-step.ts';
import { releaseStep } from './release-step.ts';
import { sourceLimitStep } from './source-limit-step.ts';
import type { Context, Step } from './step.ts';
import { synproxyStep } from './synproxy-step.ts';
import { timeoutStep } from './timeout-step.ts';

const INDENT = ' '.repeat(5);

/** `otherwise`: the text if there is nothing to do. */
export function adviceLines(
  advice: readonly Advice[],
  otherwise: string,
  context: Context,
  palette: Palette,
): readonly string[] {
  if (advice.length === 0) return indented(otherwise);
  return advice.flatMap((each, at) => stepLines(`${at + 1}. `, stepOf(each, context), palette));
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
    ? 'It lasts as long as that namespace. For good:'
    : 'It lasts until the next boot. For good:';
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
    case 'keep':
      return keepStep(advice, context);
    case 'no_memory':
      return noMemoryStep();
  }
}
