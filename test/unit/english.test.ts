// Plain English in comments, test titles and messages: no sentence begins with a free relative ("What is there is read"),
// and none of the words is used for which this field has a better one.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { textsOf } from '../../.dev/words.mjs';

const TOP = join(import.meta.dirname, '../..');

const ROOMS = ['src', '.dev', 'test'];

const OPENING = /^(?:What|Whether|Of|Where|Who|Whoever|Whom|Whose|Those|So many)\b/i;
const WORDS =
  /\b(?:told|said|heard|behind|beside|anew|apart|eldest|gravest|graver|nobody|somebody|whoever|no number)\b/i;

/** Phrases that may contain one of these words, with the reason. */
const ALLOWED: Readonly<Record<string, string>> = {
  'as nobody': 'the user',
  'by nobody': 'the user',
  'root and nobody': 'the user',
  'nobody sees': 'the user',
  '`apart`': 'a value in the code',
  'left behind': 'still there',
  'leaves nothing behind': 'removes everything',
  'What this does not change': 'a heading of plan',
  'Who fills it': 'a heading of report, which the manual describes',
  'What to do': 'a heading of report, which the manual describes',
  'a minute apart': 'a distance in time',
  'behind one NAT address': "the field's own term",
};

interface Line {
  readonly place: string;
  readonly text: string;
}

const files = ROOMS.flatMap(filesIn);

describe('the rules', () => {
  test.each(['As it was.', 'What is kept.', 'A list. Of it one.', 'where it is set', 'So many fit.'])(
    'refuse %j',
    (text) => {
      expect(faultIn(text)).toMatch(/^begins with /);
    },
  );

  test.each(['The eldest.', 'It is told.', 'Read anew.', 'no number'])('refuse the word in %j', (text) => {
    expect(faultIn(text)).toMatch(/^has the word /);
  });

  test.each(['Returns what is kept.', 'as nobody, if it is set.', 'The offset.'])('accept %j', (text) => {
    expect(faultIn(text)).toBeUndefined();
  });
});

test('finds comments of each kind, and titles', () => {
  const text =
    "/** One. */\n/**\n * Two\n * lines.\n */\n  // Three\n  // lines.\ncall(); // Four.\ntest('Five', () => {\n";
  expect(linesIn('x', text).map((line) => line.text)).toEqual(['One.', 'Two lines.', 'Three lines.', 'Four.', 'Five']);
});

test('comments and test titles are plain English', () => {
  expect(files.length).toBeGreaterThan(200);
  const lines = files.flatMap((path) => linesIn(path, readFileSync(join(TOP, path), 'utf8')));
  const faults = lines.flatMap(({ place, text }) => {
    const fault = faultIn(text);
    return fault === undefined ? [] : [`${place} ${fault}: ${text}`];
  });
  expect(faults).toEqual([]);
});

test('messages are plain English', () => {
  const files = textsOf('src');
  expect(files.length).toBeGreaterThan(50);
  const faults = files.flatMap(({ file, texts }) =>
    texts.flatMap((text) => {
      const fault = faultIn(messageOf(text));
      return fault === undefined ? [] : [`${file} ${fault}: ${text}`];
    }),
  );
  expect(faults).toEqual([]);
});

function filesIn(room: string): readonly string[] {
  const path = join(TOP, room);
  // A copy of the project without one of its commands lacks rooms.
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [room];
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.(?:ts|mts|mjs|cjs|c)$/.test(name)).map((name) => `${room}/${name}`);
}

/** Returns the words of a literal. A text in lower case continues a sentence, so it gets a beginning. */
function messageOf(literal: string): string {
  const text = literal
    .slice(1, -1)
    .replace(/\$\{[^}]*\}+/g, 'N')
    .trim();
  return /^[a-z]/.test(text) ? `Then ${text}` : text;
}

function faultIn(text: string): string | undefined {
  const plain = Object.keys(ALLOWED).reduce((rest, phrase) => rest.replace(new RegExp(phrase, 'gi'), ''), text);
  const opening = plain
    .split(/(?<=[.!?])\s+/)
    .flatMap((sentence) => (OPENING.exec(sentence) ?? /^As\b/.exec(sentence))?.[0] ?? [])[0];
  if (opening !== undefined) return `begins with "${opening}"`;
  const word = WORDS.exec(plain)?.[0];
  return word === undefined ? undefined : `has the word "${word}"`;
}

const COMMENT = /^ *(?<mark>\/\/|\/\*\*?|\*(?!\/)) ?(?<text>.*?)(?: ?\*\/)?$/;
const TRAILING = /[;,{(] \/\/ (?<text>.*)$/;
const TITLE = /(?:\b(?:test|describe)|\))\((?<quote>['"`])(?<text>.*)\k<quote>, (?:async )?\(/;

/** Returns comments and titles; a comment that continues on the next line is joined. */
function linesIn(path: string, source: string): readonly Line[] {
  const lines: { place: string; text: string; mark: string | undefined }[] = [];
  source.split('\n').forEach((line, at) => {
    const { mark, text = '' } = (COMMENT.exec(line) ?? TITLE.exec(line) ?? TRAILING.exec(line))?.groups ?? {};
    const last = lines[lines.length - 1];
    const continues = mark === '*' || (mark === '//' && last?.mark === '//');
    if (last !== undefined && continues) last.text = `${last.text} ${text}`.trim();
    else lines.push({ place: `${path}:${at + 1}`, text, mark });
  });
  return lines.filter(({ text }) => text !== '');
}
