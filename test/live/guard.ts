// Live tests change the machine: they make network namespaces, rules and traffic, and for a moment set the limit and
// hashsize, which all namespaces share. This says so first, and puts everything back in the end, whatever that is like.

import { spawn } from 'node:child_process';

// It waits for the end of its input, which comes even if the process that started it is killed. In a session of its own,
// so that Ctrl-C does not end it as well.
export const PUT_BACK = `
cd /proc/sys/net/netfilter; hashsize=/sys/module/nf_conntrack/parameters/hashsize
max=$(cat nf_conntrack_max); buckets=$(cat $hashsize); before=" $(ls /run/netns 2>/dev/null | tr '\\n' ' ')"
echo watching
read -r _
for name in $(ls /run/netns 2>/dev/null | grep '^check-conntrack-'); do
  case "$before" in *" $name "*) continue;; esac
  ip netns pids "$name" | xargs -r kill -9; ip netns del "$name"
done
[ "$(cat nf_conntrack_max)" = "$max" ] || echo "$max" >nf_conntrack_max
[ "$(cat $hashsize)" = "$buckets" ] || echo "$buckets" >$hashsize`;

/** Vitest's global setup; gives what ends it. */
export async function setup(): Promise<() => Promise<void>> {
  process.stderr.write(
    'CHECK_CONNTRACK_LIVE=1: makes network namespaces, rules and traffic, sets nf_conntrack_max and\n',
  );
  process.stderr.write('hashsize of this machine for a moment, and puts everything back.\n');
  const guard = spawn('setsid', ['sh', '-c', PUT_BACK], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise((resolve) => guard.stdout.once('data', resolve));
  return () =>
    new Promise((resolve) => {
      guard.once('exit', () => resolve());
      guard.stdin.end();
    });
}
