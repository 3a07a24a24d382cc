// Live tests change the machine: they make network namespaces, rules and traffic, and briefly set the limit and
// hashsize, which all namespaces share. This file announces it first, and restores everything at the end, however the
// run ends.

import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { PLUGIN } from '../e2e/support/plugin.ts';

/** Held for a whole run, because two runs at once would share one limit. */
const LOCK = '/run/check_conntrack-live.lock';

// Waits for the end of its input, which comes even if the process that started it is killed. It then ends the processes
// that have the run's name in their environment.
const SCRIPT = `
run=$1; folder=$2
modprobe -q nf_conntrack 2>/dev/null
cd /proc/sys/net/netfilter
before=$(for path in nf_conntrack_max nf_conntrack_expect_max nf_log_all_netns /sys/module/nf_conntrack/parameters/hashsize; do
  [ ! -e $path ] || echo $path $(cat $path)
done)
echo watching
read -r _
processes() { grep -lszxF "CHECK_CONNTRACK_RUN=$folder" /proc/[0-9]*/environ | cut -d / -f 3; }
while left=$(processes); [ -n "$left" ]; do kill -9 $left 2>/dev/null; sleep 0.1; done
for name in $(ls /run/netns 2>/dev/null | grep "^check-conntrack-$run-"); do
  ip netns pids "$name" | xargs -r kill -9; ip netns del "$name"
done
echo "$before" | while read -r path value; do [ "$(cat $path)" = "$value" ] || echo "$value" >$path; done
rm -rf "$folder"`;

/** Returns the words that start a guard for the run with this directory. Its own session protects it from Ctrl-C. */
export function guardOf(folder: string): readonly [string, ...string[]] {
  return ['setsid', 'sh', '-c', SCRIPT, 'sh', nameOf(folder), folder];
}

/** Returns the last part of the names of everything that the run creates. */
export function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('-') + 1);
}

/** Vitest's global setup; returns its teardown. The live tests and the incidents of one run share one guard. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['CHECK_CONNTRACK_RUN'] !== undefined) return undefined;
  process.stderr.write(
    'CHECK_CONNTRACK_LIVE=1: makes network namespaces, rules and traffic, sets nf_conntrack_max and\n',
  );
  process.stderr.write(
    'hashsize of this machine for a moment, and puts everything back. Waits for another such run.\n',
  );
  const folder = mkdtempSync('/tmp/check_conntrack-run-');
  const guard = spawn('flock', [LOCK, ...guardOf(folder)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => guard.stdout.once('data', resolve));
  // Any user can run this copy; the project may be in a directory that only root may enter.
  chmodSync(folder, 0o755);
  copyFileSync(PLUGIN, join(folder, 'check_conntrack'));
  process.env['CHECK_CONNTRACK_RUN'] = folder;
  return () =>
    new Promise((resolve) => {
      guard.once('exit', () => resolve());
      guard.stdin.end();
    });
}
