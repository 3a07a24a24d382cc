// The advice as numbered steps with commands to paste: each with its undo, effect and cost, and how to make it last.

import { editsUndone, placeWords } from '../../words/edit-words.ts';
import { hanging, indented } from '../../words/prose.ts';
import type { Palette } from '../palette.ts';
import type { Advice } from './advice.ts';
import type { Context, Step } from './step.ts';

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
    const [number, step] = [`${at + 1}. `, each.stepIn(context)];
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
  const steps = advice.filter(({ kind }) => kind !== 'in_force' && kind !== 'keep').map((each) => each.stepIn(context));
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
