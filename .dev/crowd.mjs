// Idle processes in network namespaces of their own, for measuring --netns all.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';

// Forks the processes of one namespace. They share almost all memory, unlike so many sleep(1).
const FORK = `for (2..$ARGV[0]) { my $pid = fork; die "fork: $!" unless defined $pid; last unless $pid } sleep`;
// Reads until the end of its input, which comes even if the benchmark is killed. Then it kills its process group; a
// namespace disappears with its processes.
const SCRIPT = `i=0; while [ $i -lt $1 ]; do unshare -n perl -e '${FORK}' $2 & i=$((i+1)); done; read -r _; kill -KILL 0`;
const LONGEST_START = 300_000; // milliseconds; a namespace takes 10 to 100

/** Starts `count` processes, evenly in that many namespaces; returns a function that ends them, or why they do not run. */
export async function startCrowd(namespaces, count) {
  const before = processIds().length;
  const sizes = [namespaces, Math.round(count / namespaces)].map(String);
  // Its own session, and so its own process group.
  const options = { detached: true, stdio: ['pipe', 'ignore', 'pipe'] };
  const shell = spawn('sh', ['-c', SCRIPT, 'sh', ...sizes], options);
  let complaint = '';
  shell.stderr.on('data', (text) => {
    complaint ||= String(text).trim();
  });
  const leave = async () => {
    shell.stdin.end();
    while (isRunning(-shell.pid)) await pause();
  };
  const end = Date.now() + LONGEST_START;
  while (processIds().length < before + count) {
    if (complaint === '' && Date.now() > end) complaint = 'it took too long to start';
    if (complaint === '') await pause();
    else return leave().then(() => complaint);
  }
  return leave;
}

function processIds() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** Signal 0 tests for existence; a negative number names a process group. */
function isRunning(group) {
  try {
    return process.kill(group, 0);
  } catch {
    return false;
  }
}

function pause() {
  return new Promise((done) => setTimeout(done, 100));
}
