// Converts the Markdown that the manual uses to man(7): no more of either than that.

import { lexer } from 'marked';

const WIDTH = 78;
/** Characters that roff interprets, or prints as others. */
const ESCAPES = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '"': '\\(dq',
};

export function tokensOf(text) {
  return lexer(text).filter(({ type }) => type !== 'space');
}

/** Returns the body of a page. */
export function roff(tokens) {
  return tokens.flatMap((token, index) => block(token, tokens[index - 1]));
}

/** Returns a term with its description. */
export function term(name, text) {
  return ['.TP', name, ...filled(text)];
}

/** Returns lines that stay as they are, below the term before them. */
export function example(lines) {
  return ['.RS 11', '.EX', ...codeLines(lines.join('\n')), '.EE', '.RE', '.nh'];
}

/** Formats words that are typed as they are. */
export function literal(text) {
  return `\\fB${escaped(text)}\\fR`;
}

/** Formats a placeholder. */
export function variable(text) {
  return `\\fI${escaped(text)}\\fR`;
}

export function plain(text) {
  return text.replaceAll('\\', '\\e').replaceAll('~', '\\(ti').replaceAll('^', '\\(ha');
}

function block(token, before) {
  const paragraph = before?.type === 'heading' ? [] : ['.PP'];
  switch (token.type) {
    case 'heading':
      return [`.${token.depth === 2 ? 'SH' : 'SS'} ${quoted(inline(token.tokens))}`];
    case 'paragraph':
      return [...paragraph, ...filled(inline(token.tokens))];
    case 'code':
      // .EE switches hyphenation on.
      return [...paragraph, '.RS 4', '.EX', ...codeLines(token.text), '.EE', '.RE', '.nh'];
    case 'list':
      return token.items.flatMap(({ tokens }) => ['.IP \\(bu 2', ...filled(inline(tokens[0].tokens))]);
    case 'table':
      return token.rows.flatMap(([name, ...cells]) => term(inline(name.tokens), described(token.header, cells)));
    default:
      throw new Error(`the manual has no ${token.type}: ${token.raw}`);
  }
}

/** A cell by itself; of several, each after the head of its column. */
function described([, ...heads], cells) {
  const texts = cells.map(({ tokens }) => inline(tokens));
  return texts.length === 1 ? texts[0] : texts.map((text, at) => `${inline(heads[at].tokens)}: ${text}.`).join(' ');
}

export function inline(tokens) {
  return tokens
    .map(({ type, text, raw }) => {
      if (type === 'codespan') return (/^\/\S*$/.test(text) ? variable : literal)(text);
      if (type === 'text' || type === 'escape') return plain(text);
      throw new Error(`the manual has no ${type} in a line: ${raw}`);
    })
    .join('');
}

function escaped(text) {
  return text.replace(/[\\\-'`^~"]/g, (character) => ESCAPES[character]);
}

function codeLines(text) {
  return text.split('\n').map((line) => shielded(escaped(line)));
}

/** Puts each sentence on lines of its own, at most WIDTH long if it has spaces. */
function filled(text) {
  return text
    .split(/(?<=[.;:?!]\)?) (?=\S)/)
    .flatMap(wrapped)
    .map(shielded);
}

function wrapped(sentence) {
  const lines = [''];
  for (const word of sentence.split(' ')) {
    const line = lines.at(-1);
    if (line !== '' && line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

// Escapes a line that would otherwise be a request.
function shielded(line) {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

function quoted(text) {
  return `"${text.replaceAll('"', '\\(dq')}"`;
}
