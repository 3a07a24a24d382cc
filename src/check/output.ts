// The plugin's output within the limits of its readers: NRPE v2 takes 1023 bytes of line 1, and Nagios truncates output
// much longer than 4096 bytes.

const MOST_LINE_BYTES = 1023;
const WHOLE_BYTES = 4096;
const CUT = '...';

/** Joins line 1, its perfdata and the long output, all ASCII; ends in a newline. */
export function fitOutput(text: string, perfdata: readonly string[], details: readonly string[]): string {
  const first = fitFirstLine(oneLine(text), perfdata);
  return `${fitDetails(first, details.map(oneLine))}\n`;
}

// A second `|` or line break would be read as perfdata or long output.
function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e]|\|/g, '?');
}

// A person on call reads the text, so perfdata is cut first, from its end.
function fitFirstLine(text: string, perfdata: readonly string[]): string {
  const short = cutAt(text, MOST_LINE_BYTES);
  const kept = perfdata.slice();
  while (kept.length > 0 && short.length + 3 + kept.join(' ').length > MOST_LINE_BYTES) kept.pop();
  return kept.length === 0 ? short : `${short} | ${kept.join(' ')}`;
}

function fitDetails(first: string, details: readonly string[]): string {
  const whole = [first, ...details].join('\n');
  if (whole.length < WHOLE_BYTES) return whole;
  const kept = whole.slice(0, WHOLE_BYTES - CUT.length - 2);
  return `${kept.slice(0, kept.lastIndexOf('\n'))}\n${CUT}`;
}

function cutAt(text: string, limit: number): string {
  return text.length > limit ? text.slice(0, limit - CUT.length) + CUT : text;
}
