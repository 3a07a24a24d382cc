// Measures what the check costs beside an empty file on the same Node, pair by pair in one run. Only the
// ratios mean anything: machines differ, and the same machine differs from minute to minute.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBinary } from './node-matrix.mjs';

const NODE = '24';
const BUDGETS = { wall: 1.2, CPU: 1.2, 'peak memory': 1.08 };
const WARM_UP = 5;
const pairs = Number(process.argv[2] ?? 200);

const scratch = mkdtempSync(join(tmpdir(), 'check_conntrack-bench-'));
// Both lie where no package.json is near, as an installed plugin does: Node looks for one on every start.
const empty = join(scratch, 'empty');
const check = join(scratch, 'check_conntrack');
const probe = join(scratch, 'probe.cjs');
const stateDir = join(scratch, 'state');

// Only the process itself can tell its peak; loaded on both sides, and not where time is taken.
const PROBE = "process.on('exit', () => require('fs').writeSync(3, String(process.resourceUsage().maxRSS)));";

try {
  writeFileSync(empty, '');
  writeFileSync(probe, PROBE);
  mkdirSync(stateDir);
  copyFileSync(resolve(dirname(fileURLToPath(import.meta.url)), '../dist/check_conntrack'), check);
  const node = nodeBinary(NODE);
  report('the check', measure(node, [check]));
  report('the check with history', measure(node, [check, '--state-dir', stateDir]));
} finally {
  rmSync(scratch, { recursive: true });
}

function measure(node, command) {
  const samples = [];
  const base = [empty];
  for (let pair = -WARM_UP; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? [base, command] : [command, base];
    const taken = new Map(order.map((args) => [args, sample(node, args)]));
    if (pair >= 0) samples.push({ base: taken.get(base), check: taken.get(command) });
  }
  return samples;
}

function sample(node, args) {
  const cpuBefore = childrenCpu();
  const before = process.hrtime.bigint();
  run(node, args);
  const wall = Number(process.hrtime.bigint() - before) / 1e6;
  const cpu = childrenCpu() - cpuBefore;
  const { output } = run(node, ['--require', probe, ...args]);
  return { wall, CPU: cpu, 'peak memory': Number(output[3]) / 1024 };
}

function run(node, args) {
  const child = spawnSync(node, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const expected = args.includes(empty) ? [0] : [0, 1, 2];
  if (!expected.includes(child.status)) throw new Error(`${args.join(' ')}: exit ${child.status ?? child.signal}`);
  return child;
}

// cutime and cstime of proc(5), in milliseconds at the usual 100 ticks a second: too coarse for one run, so
// that CPU is compared by sums.
function childrenCpu() {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[13]) + Number(fields[14]));
}

function report(what, samples) {
  console.log(`${what} against an empty file, Node ${NODE}, ${samples.length} pairs`);
  for (const [figure, budget] of Object.entries(BUDGETS)) {
    const ratio =
      figure === 'CPU' ? sum(samples, 'check', figure) / sum(samples, 'base', figure) : medianRatio(samples, figure);
    const verdict = ratio <= budget ? 'within' : 'OVER';
    const of = (side) => (sum(samples, side, figure) / samples.length).toFixed(1);
    const unit = figure === 'peak memory' ? 'MiB' : 'ms';
    const means = `means ${of('check')} and ${of('base')} ${unit}`;
    console.log(
      `  ${figure.padEnd(12)} ${ratio.toFixed(3)} x, ${verdict} the budget of ${budget.toFixed(2)} x (${means})`,
    );
  }
}

function medianRatio(samples, what) {
  const ratios = samples.map((pair) => pair.check[what] / pair.base[what]).sort((a, b) => a - b);
  return ratios[Math.floor(ratios.length / 2)];
}

function sum(samples, side, what) {
  return samples.reduce((total, pair) => total + pair[side][what], 0);
}
