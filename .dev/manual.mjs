// The manual page check_conntrack(8): the text of manual.md, with the source's tables inserted at its directives.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { example, inline, literal, plain, roff, term, tokensOf, variable } from './roff.mjs';
import { top } from './top.mjs';

/** The date of the last change to the text. */
const DAY = '2026-12-01';

export function manualPage(tables) {
  const text = readFileSync(join(top, '.dev/manual.md'), 'utf8');
  const tokens = tokensOf(text).slice(1);
  const lines = [
    '.\\" Made of .dev/manual.md and the tables of flags and metrics by `npm run papers`: change those.',
    `.TH CHECK_CONNTRACK 8 ${DAY} check_conntrack "System Manager's Manual"`,
    // Do not hyphenate names of commands and metrics.
    '.nh',
    '.ad l',
    ...pieces(tokens).flatMap((piece) => rendered(piece, tables)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Splits the tokens into runs of plain tokens, and directives with the table that follows each. */
function pieces(tokens) {
  const parts = [];
  for (const token of tokens) {
    const last = parts.at(-1);
    if (token.type === 'html') parts.push({ directive: directive(token), notes: new Map(), tokens: [] });
    else if (last?.directive !== undefined && token.type === 'table' && last.tokens.length === 0)
      last.notes = rows(token);
    else if (last === undefined) parts.push({ tokens: [token] });
    else last.tokens.push(token);
  }
  return parts;
}

function directive({ raw }) {
  const [, words] = /^<!-- ([a-z ]+) -->\s*$/.exec(raw) ?? [];
  if (words === undefined) throw new Error(`the manual has no ${raw}`);
  return words.split(' ');
}

function rows({ rows: all }) {
  return new Map(all.map(([name, about]) => [name.text.replaceAll('`', ''), about.tokens]));
}

function rendered({ directive: [name, command] = [], notes, tokens }, tables) {
  const makers = {
    synopsis: () => synopsis(tables),
    flags: () => flags(tables, command, notes),
    metrics: () => metrics(tables, notes),
    machines: () => machines(tables, notes),
  };
  const made = name === undefined ? [] : makers[name]();
  if (notes !== undefined && notes.size > 0)
    throw new Error(`manual.md describes flags, metrics or machines that do not exist: ${[...notes.keys()]}`);
  return [...made, ...roff(tokens)];
}

/** The limit and the buckets of the examples. */
const SIZES = { limit: 1048576, buckets: 262144 };

/** For each kind of machine: what sets the limit there, the sign by which it is recognised, and the lines that last. */
function machines({ MACHINE_KINDS, MACHINE_MARKS, KERNEL_MARKS, lastingFiles }, notes) {
  return MACHINE_KINDS.flatMap((kind) => {
    const [first, ...rest] = notes.get(kind) ?? [];
    const [, name, about] = /^(.*?): (.*)$/s.exec(first?.text ?? '') ?? [];
    if (name === undefined) throw new Error(`manual.md has no machine ${kind}`);
    notes.delete(kind);
    const files = MACHINE_MARKS.filter(([of]) => of === kind).flatMap(([, paths]) => paths);
    const kernels = KERNEL_MARKS.filter(([of]) => of === kind).map(([, part]) => `${part} in the kernel release`);
    const signs = [...files, ...kernels];
    const known = signs.length === 0 ? '' : ` Recognised by ${signs.join(', or ')}.`;
    const sets = inline([
      { type: 'text', text: about },
      ...rest,
      { type: 'text', text: `${known} To make it permanent:` },
    ]);
    return [...term(plain(name), sets), ...example(lastingFiles(kind, SIZES).flatMap(placeLines))];
  });
}

/** The lines that `plan` prints. */
function placeLines({ where, lines, replaces = [] }) {
  const instead = replaces.length === 0 ? '' : `, in place of ${replaces.join(' and ')}`;
  return [`${where}${instead}`, ...lines.map((line) => `    ${line}`)];
}

function synopsis({ COMMANDS, renderHelp }) {
  const usage = renderHelp(COMMANDS[0])
    .split('\n\n')[0]
    .replace(/^Usage: /, '');
  return usage.split('\n').flatMap((line, index) => [...(index === 0 ? [] : ['.br']), words(line.trim())]);
}

/** `check_conntrack report [options]`: lower case is literal, except in brackets. */
function words(line) {
  return line.replace(/[a-z_]+|\[[^\]]*\]|--\w+/g, (word) =>
    word === '[options]' ? '[\\fIoptions\\fR]' : typedWord(word),
  );
}

function typedWord(word) {
  return word.startsWith('[')
    ? word.replace(/--?\w+|[A-Z]+|[a-z]+/g, (part) => (/[A-Z]/.test(part) ? variable(part) : literal(part)))
    : literal(word);
}

/** Returns the flags of a command, or, without one, the flags common to all. */
function flags({ COMMANDS, FLAGS }, command, notes) {
  const isListed = ({ of }) => (of.length === COMMANDS.length ? command === undefined : of.includes(command));
  return FLAGS.filter(isListed).flatMap((flag) => {
    const extra = takeNote(notes, `--${flag.long}`);
    return term(flagName(flag), sentences(flag, extra));
  });
}

function flagName({ long, short, takes }) {
  const names = [...(short === undefined ? [] : [literal(`-${short}`)]), literal(`--${long}`)].join(', ');
  return takes === undefined
    ? names
    : `${names} ${takes.replace(/[A-Z]+|[a-z]+/g, (word) => (/[A-Z]/.test(word) ? variable : literal)(word))}`;
}

function metrics({ METRICS, METRIC_NAMES, metricSpec }, notes) {
  return METRIC_NAMES.flatMap((name) => {
    const description = takeNote(notes, name) || `${plain(METRICS[name])}.`;
    return term(literal(name), [description, ...facts(metricSpec(name))].join(' '));
  });
}

const UNITS = { '%': 'In %.', B: 'In bytes.', c: 'A counter.', s: 'In seconds.', '': '' };
const JUDGED = {
  everywhere: 'A threshold holds in every namespace with --netns all.',
  here: '',
  nowhere: 'Only with --netns all; takes no threshold.',
};

function facts({ always, history, judged, unit }) {
  const sentences = [
    UNITS[unit],
    JUDGED[judged],
    history ? 'Needs a state directory.' : '',
    always ? '' : 'Only with a threshold on it.',
  ];
  return sentences.filter(Boolean).map((text) => text.replace('--netns all', literal('--netns all')));
}

function sentences({ about, takes }, extra) {
  // The name of a format stays in lower case.
  const first = plain(takes === 'FORMAT' ? about : about.replace(/^./, (letter) => letter.toUpperCase()));
  return `${first.replace(/(?<![\w-])-[a-z]+/g, (option) => literal(option))}.${extra === '' ? '' : ` ${extra}`}`;
}

/**
 * Removes and returns the manual's own text for a flag; text left over at the end belongs to no flag and is an error.
 */
function takeNote(notes, name) {
  const tokens = notes.get(name);
  notes.delete(name);
  return tokens === undefined ? '' : inline(tokens);
}
