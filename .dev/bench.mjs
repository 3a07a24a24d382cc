// Measures what the plugin costs beside something that everybody knows, pair by pair in one run. Only the ratios mean
// anything: machines differ, and the same machine differs from minute to minute.

import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeBinary } from './node-matrix.mjs';

const NODE = '24';
const START_UP = { wall: 1.2, CPU: 1.2, 'peak memory': 1.08 };
const SWEEP = { wall: 0.4 };
const LIVE_LIST = { wall: 1.25 };
const CAPTURED_LIST = { wall: 0.25 };
const LIST_MEMORY = 120;
const WARM_UP = 5;
const PROCESSES = 10_000;
const NAMESPACES = 40;
const ENTRIES = 1_000_000;
const MAX = '/proc/sys/net/netfilter/nf_conntrack_max';
const pairs = Number(process.argv[2] ?? 200);
const sweepPairs = Math.ceil(pairs / 10);
const listPairs = Math.ceil(pairs / 20);

const scratch = mkdtempSync(join(tmpdir(), 'check_conntrack-bench-'));
// Both lie where no package.json is near, as an installed plugin does: Node looks for one on every start.
const empty = join(scratch, 'empty');
const check = join(scratch, 'check_conntrack');
const probe = join(scratch, 'probe.cjs');
const stateDir = join(scratch, 'state');

// Only the process itself can tell its peak; loaded on both sides, and not where time is taken.
// A thread of the process has it too, and the process ends last.
const PROBE = "process.on('exit', () => require('fs').writeSync(3, process.resourceUsage().maxRSS + '\\n'));";

try {
  writeFileSync(empty, '');
  writeFileSync(probe, PROBE);
  mkdirSync(stateDir);
  copyFileSync(resolve(dirname(fileURLToPath(import.meta.url)), '../dist/check_conntrack'), check);
  const node = await nodeBinary(NODE);
  benchStartUp(node);
  await benchSweep(node);
  benchCapturedList(node);
  benchLiveList(node);
} finally {
  rmSync(scratch, { recursive: true });
}

function benchStartUp(node) {
  for (const [what, args] of [
    ['the check', [check]],
    ['the check with history', [check, '--state-dir', stateDir]],
  ]) {
    const samples = measure(
      pairs,
      () => startUp(node, [empty]),
      () => startUp(node, args),
    );
    report(`${what} against an empty file, Node ${NODE}`, samples, START_UP);
  }
}

async function benchSweep(node) {
  const what = `--netns all over ${PROCESSES} processes`;
  if (process.geteuid() !== 0) return console.log(`${what}: left out, it needs root`);
  // The scratch directory is root's alone, and so may be the folder that Node is in.
  const [file, own] = [
    join(tmpdir(), `check_conntrack-bench-${process.pid}`),
    join(tmpdir(), `node-bench-${process.pid}`),
  ];
  copyFileSync(check, file);
  copyFileSync(node, own);
  const crowd = await startCrowd();
  try {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    for (const [who, before] of [
      ['root', []],
      ['nobody', nobody],
    ]) {
      const samples = measure(
        sweepPairs,
        () => timed(['lsns', '-t', 'net']),
        () => timed([...before, own, file, '--netns', 'all']),
      );
      report(`${what}, as ${who}, against lsns -t net as root, Node ${NODE}`, samples, SWEEP);
    }
  } finally {
    for (const leave of [crowd, () => rmSync(file), () => rmSync(own)]) leave();
  }
}

/** A flood with forged sources: every one differs, in no order. */
function source(at) {
  const word = Math.imul(at, 0x9e3779b1) >>> 0;
  return [((word >>> 24) % 126) + 1, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');
}

function writeEntries(path, line) {
  writeFileSync(path, '');
  const each = 100_000;
  for (let first = 0; first < ENTRIES; first += each)
    appendFileSync(path, Array.from({ length: each }, (_, at) => line(first + at)).join(''));
}

function benchCapturedList(node) {
  const list = join(scratch, 'list');
  writeEntries(list, (at) => {
    const [from, port] = [source(at), 1024 + (at % 60_000)];
    const there = `src=${from} dst=192.0.2.1 sport=${port} dport=443`;
    const back = `src=192.0.2.1 dst=${from} sport=443 dport=${port}`;
    return `ipv4     2 tcp      6 ${at % 120} SYN_SENT ${there} [UNREPLIED] ${back} mark=0 zone=0 use=2\n`;
  });
  const sort = `awk '{print $7}' ${list} | sort | uniq -c | sort -rn`;
  const args = [check, 'report', '--entries', list];
  const samples = measure(
    listPairs,
    () => timed(['sh', '-c', sort]),
    () => timed([node, ...args]),
  );
  report(
    `a captured list of ${ENTRIES} lines against ${sort.replace(list, 'LIST')}, Node ${NODE}`,
    samples,
    CAPTURED_LIST,
  );
  reportMemory(node, args);
}

function benchLiveList(node) {
  const what = `the report on a live table of ${ENTRIES} entries`;
  if (process.geteuid() !== 0) return console.log(`${what}: left out, it needs root`);
  const name = 'check-conntrack-bench';
  const before = readFileSync(MAX, 'latin1').trim();
  // It waits for the end of its input to put the limit back: that comes even if this process is killed.
  const guard = spawn('sh', ['-c', `read -r _; echo ${before} >${MAX}; ip netns del ${name}`], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const entries = join(scratch, 'entries');
  writeEntries(entries, (at) => {
    const [from, port] = [source(at), 1024 + (at % 60_000)];
    const reply = `-r 192.0.2.1 -q ${from} --reply-port-src 53 --reply-port-dst ${port}`;
    return `-A -t 100000 -u SEEN_REPLY -p udp -s ${from} -d 192.0.2.1 --sport ${port} --dport 53 ${reply}\n`;
  });
  writeFileSync(MAX, String(2 * ENTRIES));
  run(['ip', 'netns', 'add', name]);
  run(['ip', 'netns', 'exec', name, 'conntrack', '-R', entries]);
  const inside = spawn('ip', ['netns', 'exec', name, 'sleep', '3600'], { stdio: 'ignore' });
  try {
    const args = [check, 'report', '--pid', String(inside.pid)];
    const samples = measure(
      listPairs,
      () => timed(['cat', `/proc/${inside.pid}/net/nf_conntrack`]),
      () => timed([node, ...args]),
    );
    report(`${what} against cat, Node ${NODE}`, samples, LIVE_LIST);
    reportMemory(node, args);
  } finally {
    inside.kill('SIGKILL');
    guard.stdin.end();
  }
}

function reportMemory(node, args) {
  const peak = peakMemory([node, '--require', probe, ...args]);
  const verdict = peak <= LIST_MEMORY ? 'within' : 'OVER';
  console.log(`  peak memory  ${peak.toFixed(1)} MiB, ${verdict} the budget of ${LIST_MEMORY} MiB`);
}

/** Sleeping processes in network namespaces; gives what ends them. */
async function startCrowd() {
  const names = Array.from({ length: NAMESPACES }, (_, at) => `check-conntrack-bench-${at}`);
  const loop = `i=0; while [ $i -lt ${PROCESSES / NAMESPACES} ]; do sleep 3600 & i=$((i+1)); done; wait`;
  const before = countProcesses();
  const shells = names.map((name) => {
    spawnSync('ip', ['netns', 'add', name]);
    return spawn('ip', ['netns', 'exec', name, 'sh', '-c', loop], { detached: true, stdio: 'ignore' });
  });
  while (countProcesses() < before + PROCESSES) await new Promise((done) => setTimeout(done, 100));
  return () => {
    for (const { pid } of shells) process.kill(-pid, 'SIGKILL');
    for (const name of names) spawnSync('ip', ['netns', 'del', name]);
  };
}

function countProcesses() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;
}

function measure(count, base, ours) {
  const samples = [];
  for (let pair = -WARM_UP; pair < count; pair++) {
    const order = pair % 2 === 0 ? [base, ours] : [ours, base];
    const taken = new Map(order.map((sample) => [sample, sample()]));
    if (pair >= 0) samples.push({ base: taken.get(base), check: taken.get(ours) });
  }
  return samples;
}

function startUp(node, args) {
  const cpuBefore = childrenCpu();
  const { wall } = timed([node, ...args]);
  const cpu = childrenCpu() - cpuBefore;
  return { wall, CPU: cpu, 'peak memory': peakMemory([node, '--require', probe, ...args]) };
}

/** In MiB. */
function peakMemory(line) {
  return Number(String(run(line).output[3]).trim().split('\n').pop()) / 1024;
}

function timed(line) {
  const before = process.hrtime.bigint();
  run(line);
  return { wall: Number(process.hrtime.bigint() - before) / 1e6 };
}

function run(line) {
  const [file, ...args] = line;
  const child = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const expected = line.some((word) => word.includes('check_conntrack')) && !args.includes(empty) ? [0, 1, 2] : [0];
  if (!expected.includes(child.status)) throw new Error(`${line.join(' ')}: exit ${child.status ?? child.signal}`);
  return child;
}

// cutime and cstime of proc(5), in milliseconds at the usual 100 ticks a second: too coarse for one run, so
// that CPU is compared by sums.
function childrenCpu() {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[13]) + Number(fields[14]));
}

function report(what, samples, budgets) {
  console.log(`${what}, ${samples.length} pairs`);
  for (const [figure, budget] of Object.entries(budgets)) {
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
