// How cost grows with the size of a machine: `npm run bench -- --growth`. The cost per entry, per namespace and per
// process must not grow.

import { readFileSync, rmSync } from 'node:fs';
import { startCrowd } from './crowd.mjs';

const RUNS = 3;
const ENTRIES = [10_000, 100_000, 1_000_000, 5_000_000];
const NAMESPACES = [100, 1_000, 3_000];
const PROCESSES = [1_000, 10_000, 50_000];
const FEW_NAMESPACES = 40;
const PID_MAX = '/proc/sys/kernel/pid_max';

/** `tools` are functions of the benchmark. */
export async function benchGrowth(executables, tools) {
  const rows = new Map(executables.map(({ name }) => [name, []]));
  const measure = (subject, size, words) => {
    for (const { name, run } of executables) rows.get(name).push([subject, size, ...cost([...run, ...words], tools)]);
  };
  for (const size of ENTRIES) {
    const list = tools.writeList(size);
    measure('entries of a captured list', size, ['report', '--entries', list]);
    rmSync(list);
  }
  for (const size of NAMESPACES) await withCrowd(size, size, tools, () => measure('namespaces', size, SWEEP));
  for (const size of PROCESSES) await withCrowd(FEW_NAMESPACES, size, tools, () => measure('processes', size, SWEEP));
  for (const [name, measured] of rows) print(name, measured);
}

const SWEEP = ['--netns', 'all', '-t', '60'];

async function withCrowd(namespaces, processes, { isRoot, missing }, measure) {
  const subject = `${processes} processes in ${namespaces} namespaces`;
  if (!isRoot) return missing(subject, 'root');
  const most = Number(readFileSync(PID_MAX, 'latin1'));
  if (processes >= most) return missing(subject, `a larger ${PID_MAX} (it is ${most})`);
  const leave = await startCrowd(namespaces, processes);
  if (typeof leave === 'string') return missing(subject, `the crowd (${leave})`);
  try {
    measure();
  } finally {
    await leave();
  }
}

function cost(line, { timed, peakMemory, median }) {
  return [median(Array.from({ length: RUNS }, () => timed(line))), peakMemory(line)];
}

/** The last column compares the cost per unit with that of the smallest size: 1 or less is linear or better. */
function print(name, rows) {
  console.log(
    `\n${name}\n  ${'size'.padEnd(36)}${'ms'.padStart(9)}${'us each'.padStart(10)}${'MiB'.padStart(7)}  growth`,
  );
  const firsts = new Map();
  for (const [subject, size, milliseconds, memory] of rows) {
    const each = (1000 * milliseconds) / size;
    if (!firsts.has(subject)) firsts.set(subject, each);
    const growth = `${(each / firsts.get(subject)).toFixed(2)} x`;
    const title = `${size.toLocaleString('en')} ${subject}`.padEnd(36);
    console.log(
      `  ${title}${milliseconds.toFixed(0).padStart(9)}${each.toFixed(2).padStart(10)}${memory.toFixed(1).padStart(7)}  ${growth}`,
    );
  }
}
