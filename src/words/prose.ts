// Text for people: 80 columns, readable numbers.

import { plainDecimal } from '../evaluate/decimal.ts';

export const WIDTH = 80;

/** Separates thousands by commas. */
export function grouped(figure: number): string {
  return plainDecimal(figure).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `a`, `a and b`, `a, b and c`. */
export function listWords(items: readonly string[]): string {
  const last = items.length - 1;
  return items.length < 2 ? items.join() : `${items.slice(0, last).join(', ')} and ${items[last]}`;
}

/** Indents by two blanks, and continuation lines by `further`. */
export function indented(text: string, further = '  '): readonly string[] {
  return hanging('  ', text, further);
}

/** `first` goes before the first line, `further` before the others. */
export function hanging(first: string, text: string, further: string): readonly string[] {
  return wrapped(text, WIDTH - further.length).map((line, at) => (at === 0 ? first : further) + line);
}

/** Breaks text between words. */
export function wrapped(text: string, width = WIDTH): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter(Boolean)) {
    const last = lines[lines.length - 1];
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
