// The picture in README: a report on a terminal, as SVG. The report is a real one, of a fixture tree. Its list of
// entries is generated, and as long as that tree's table. script(1) is the terminal.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { top } from './top.mjs';

const TREE = 'over-limit-synthetic';
const ENTRIES = 262_150;
const REPORT = 'check_conntrack report --root tree --entries conntrack.txt --top 3';
/** Keeps the first two steps of the advice. */
const CUT = /^ {2}3\. /;

const [WIDTH, LINE, BASE, MARGIN] = [7.83, 18, 13, 16];
const COLOURS = { 31: '#ff7b72', 32: '#7ee787', 33: '#e3b341', 35: '#d2a8ff', 36: '#79c0ff' };
const [PAPER, INK] = ['#0d1117', '#d0d7de'];

export function reportPicture() {
  const lines = [`$ ${REPORT}`, ...shortened(report())];
  const columns = Math.max(...lines.map((line) => parts(line).reduce((sum, { text }) => sum + text.length, 0)));
  const [width, height] = [Math.ceil(columns * WIDTH) + 2 * MARGIN, lines.length * LINE + 2 * MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    '<title>check_conntrack report of a full table</title>',
    `<rect width="100%" height="100%" rx="6" fill="${PAPER}"/>`,
    `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="${BASE}" fill="${INK}" xml:space="preserve">`,
    ...lines.flatMap(textLine),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function report() {
  const scratch = mkdtempSync(join(tmpdir(), 'check_conntrack-picture-'));
  try {
    cpSync(join(top, 'fixtures', TREE), join(scratch, 'tree'), { recursive: true });
    writeFileSync(join(scratch, 'conntrack.txt'), Array.from({ length: ENTRIES }, (_, at) => entry(at)).join(''));
    const env = { PATH: process.env.PATH, TERM: 'xterm' };
    const line = `${process.execPath} ${join(top, 'dist', REPORT)} 2>/dev/null; true`;
    return execFileSync('script', ['-qec', line, '/dev/null'], { cwd: scratch, env, encoding: 'latin1' }).split('\r\n');
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** 13 of each 20 entries are of one host whose DNS queries get no reply, 5 are idle connections, 2 have ended. */
function entry(at) {
  if (at % 20 < 13)
    return line('udp      17', 5 + (at % 25), '', '10.0.0.7', '192.0.2.53', 1024 + (at % 64_000), 53, '[UNREPLIED]');
  const client = `10.0.${1 + ((at >> 4) % 40)}.${1 + ((at * 7) % 250)}`;
  const port = 1024 + (at % 60_000);
  if (at % 20 < 18)
    return line(
      'tcp      6',
      300_000 + ((at * 37) % 131_000),
      ' ESTABLISHED',
      client,
      `198.51.100.${10 + (at % 4)}`,
      port,
      443,
      '[ASSURED]',
    );
  return line('tcp      6', 1 + (at % 119), ' TIME_WAIT', client, '198.51.100.80', port, 80, '[ASSURED]');
}

function line(protocol, left, state, from, to, sport, dport, seen) {
  const [there, back] = [
    `src=${from} dst=${to} sport=${sport} dport=${dport}`,
    `src=${to} dst=${from} sport=${dport} dport=${sport}`,
  ];
  const words = seen === '[UNREPLIED]' ? `${there} ${seen} ${back}` : `${there} ${back} ${seen}`;
  return `ipv4     2 ${protocol} ${left}${state} ${words} mark=0 zone=0 use=2\n`;
}

function shortened(lines) {
  const at = lines.findIndex((text) => CUT.test(plain(text)));
  return at === -1 ? lines : [...lines.slice(0, at), '  ...'];
}

function plain(text) {
  return parts(text)
    .map(({ text: own }) => own)
    .join('');
}

/** Returns runs of text with one style, separated by SGR sequences. */
function parts(text) {
  let [bold, colour] = [false, undefined];
  const runs = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is sent
  for (const [, codes, words] of text.matchAll(/(?:\x1b\[([\d;]*)m)?([^\x1b]*)/g)) {
    if (codes === '1') bold = true;
    if (codes === '22') bold = false;
    if (codes !== undefined && /^3\d$/.test(codes)) colour = COLOURS[codes];
    if (words !== '') runs.push({ text: words, bold, colour });
  }
  return runs;
}

function textLine(text, index) {
  const y = MARGIN + BASE + index * LINE;
  const spans = parts(text).map(span).join('');
  return spans === '' ? [] : [`<text x="${MARGIN}" y="${y}">${spans}</text>`];
}

function span({ text, bold, colour }) {
  const safe = text.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign]);
  const look = `${colour === undefined ? '' : ` fill="${colour}"`}${bold ? ' font-weight="bold"' : ''}`;
  return look === '' ? safe : `<tspan${look}>${safe}</tspan>`;
}
