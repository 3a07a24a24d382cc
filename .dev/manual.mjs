// The manual page check_conntrack(8): the text of manual.md, with what the source's tables have put in where it says so.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inline, literal, plain, roff, term, tokensOf, variable } from './roff.mjs';
import { top } from './top.mjs';

/** The day of the last change to its text. */
const DAY = '2026-11-25';

export function manualPage(tables) {
  const text = readFileSync(join(top, '.dev/manual.md'), 'utf8');
  const tokens = tokensOf(text).slice(1);
  const lines = [
    '.\\" Made of .dev/manual.md and the tables of flags and metrics by `npm run papers`: change those.',
    `.TH CHECK_CONNTRACK 8 ${DAY} check_conntrack "System Manager's Manual"`,
    // Names of commands and metrics are not to be broken.
    '.nh',
    '.ad l',
    ...pieces(tokens).flatMap((piece) => rendered(piece, tables)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Runs of plain tokens, and each directive with the table behind it. */
function pieces(tokens) {
  const found = [];
  for (const token of tokens) {
    const last = found.at(-1);
    if (token.type === 'html') found.push({ directive: directive(token), more: new Map(), tokens: [] });
    else if (last?.directive !== undefined && token.type === 'table' && last.tokens.length === 0)
      last.more = rows(token);
    else if (last === undefined) found.push({ tokens: [token] });
    else last.tokens.push(token);
  }
  return found;
}

function directive({ raw }) {
  const [, words] = /^<!-- ([a-z ]+) -->\s*$/.exec(raw) ?? [];
  if (words === undefined) throw new Error(`the manual has no ${raw}`);
  return words.split(' ');
}

function rows({ rows: all }) {
  return new Map(all.map(([name, about]) => [name.text.replaceAll('`', ''), about.tokens]));
}

function rendered({ directive: [name, command] = [], more, tokens }, tables) {
  const makers = {
    synopsis: () => synopsis(tables),
    flags: () => flags(tables, command, more),
    metrics: () => metrics(tables, more),
  };
  const made = name === undefined ? [] : makers[name]();
  if (more !== undefined && more.size > 0)
    throw new Error(`the manual tells of what is not there: ${[...more.keys()]}`);
  return [...made, ...roff(tokens)];
}

function synopsis({ COMMANDS, renderHelp }) {
  const usage = renderHelp(COMMANDS[0])
    .split('\n\n')[0]
    .replace(/^Usage: /, '');
  return usage.split('\n').flatMap((line, index) => [...(index === 0 ? [] : ['.br']), words(line.trim())]);
}

/** `check_conntrack report [options]`: lower case is typed, but for what is in brackets. */
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

/** Those of one command; without one, those that all have. */
function flags({ COMMANDS, FLAGS }, command, more) {
  const isListed = ({ of }) => (of.length === COMMANDS.length ? command === undefined : of.includes(command));
  return FLAGS.filter(isListed).flatMap((flag) => {
    const extra = taken(more, `--${flag.long}`);
    return term(flagName(flag), sentences(flag, extra));
  });
}

function flagName({ long, short, takes }) {
  const names = [...(short === undefined ? [] : [literal(`-${short}`)]), literal(`--${long}`)].join(', ');
  return takes === undefined
    ? names
    : `${names} ${takes.replace(/[A-Z]+|[a-z]+/g, (word) => (/[A-Z]/.test(word) ? variable : literal)(word))}`;
}

function metrics({ METRICS, METRIC_NAMES, metricSpec }, more) {
  return METRIC_NAMES.flatMap((name) => {
    const said = taken(more, name) || `${plain(METRICS[name])}.`;
    return term(literal(name), [said, ...facts(metricSpec(name))].join(' '));
  });
}

const UNITS = { '%': 'In %.', B: 'In bytes.', c: 'A counter.', s: 'In seconds.', '': '' };
const JUDGED = {
  everywhere: 'A threshold holds in every namespace with --netns all.',
  here: '',
  nowhere: 'Only with --netns all; takes no threshold.',
};

function facts({ always, history, judged, unit }) {
  const found = [
    UNITS[unit],
    JUDGED[judged],
    history ? 'Needs a state directory.' : '',
    always ? '' : 'Only with a threshold on it.',
  ];
  return found.filter(Boolean).map((text) => text.replace('--netns all', literal('--netns all')));
}

function sentences({ about, takes }, extra) {
  // Formats begin with the name of one.
  const first = plain(takes === 'FORMAT' ? about : about.replace(/^./, (letter) => letter.toUpperCase()));
  return `${first.replace(/(?<![\w-])-[a-z]+/g, (option) => literal(option))}.${extra === '' ? '' : ` ${extra}`}`;
}

/** What the hand has added for it; what is left in the end is of nothing. */
function taken(more, name) {
  const tokens = more.get(name);
  more.delete(name);
  return tokens === undefined ? '' : inline(tokens);
}
