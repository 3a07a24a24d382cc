// Runs the image in the real podman: as the DaemonSet does, as another user, and with the capabilities to enter network
// namespaces. Network and process namespaces are the test's own.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../../package.json';
import { BUILD, type Folder, folder, forArm, IMAGE, run, TOP } from './support.ts';

const NAME = `localhost/check_conntrack:${version}`;
const TRACKING =
  'add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c ct state new accept';
// The host of the test has the network namespaces of the test alone, and one that a container is not in. Hybrid control
// groups are more than crun takes.
const HOST = `
for mounted in $(grep ' cgroup2 ' /proc/mounts | cut -d' ' -f2); do
  grep -q ' cgroup ' /proc/mounts && umount -l "$mounted"; done
mount -t proc proc /proc
# Where podman and crun keep what they leave.
for place in /run /var/lib; do mount -t tmpfs none $place; done
ip link set lo up
nft '${TRACKING}'
unshare --net sleep 100 & other=$!
eval "$1"`;

let work: Folder;
beforeAll(() => {
  work = folder();
  for (const name of ['textfile', 'state']) mkdirSync(join(work.path, name));
  writeFileSync(join(work.path, 'containers.conf'), '[engine]\nlock_type = "file"\n');
});
afterAll(() => work.remove());

/** Returns the output of a script that may call `podman`. */
function host(script: string): string {
  const places = ['root', 'runroot', 'tmpdir'].map((name) => `--${name}=${join(work.path, name)}`);
  const settings = ['--storage-driver=vfs', '--cgroup-manager=cgroupfs', '--events-backend=none', '--runtime=crun'];
  const podman = `podman() { command podman ${[...places, ...settings].join(' ')} "$@"; }\n`;
  const own = ['--mount', '--pid', '--net', '--fork', '--kill-child'];
  const configuration = `CONTAINERS_CONF=${join(work.path, 'containers.conf')}`;
  return run('env', configuration, 'unshare', ...own, 'sh', '-ec', HOST, 'sh', podman + script);
}

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

/** The words of the DaemonSet, as podman's. */
function container(): { readonly options: readonly string[]; readonly line: readonly string[] } {
  const yaml = 'import json,sys,yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))';
  const text = run('/usr/bin/python3', '-c', yaml, join(TOP, 'nagios/kubernetes/daemonset.yml'));
  const { spec } = JSON.parse(text).spec.template;
  const [{ command, args, securityContext, volumeMounts }] = spec.containers;
  const mounts: readonly Mount[] = volumeMounts;
  const places: Readonly<Record<string, string>> = { host: '/' };
  const volumes = mounts.map(
    ({ name, mountPath, readOnly }) =>
      `--volume=${places[name] ?? join(work.path, name)}:${mountPath}${readOnly === true ? ':ro' : ''}`,
  );
  expect(spec.hostPID).toBe(true);
  expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
  expect(securityContext.allowPrivilegeEscalation).toBe(false);
  const bounds = ['--cap-drop=all', '--security-opt=no-new-privileges', `--user=${securityContext.runAsUser}`];
  return { options: [...LIMITS, ...bounds, ...volumes], line: [...command, ...args] };
}

const LIMITS = ['--rm', '--network=none', '--pid=host', '--read-only', '--ulimit=nofile=1024', '--ulimit=nproc=1024'];

test('podman loads both architectures', () => {
  const said = host(`for file in ${IMAGE} ${forArm(IMAGE)}; do podman load -q -i $file; podman image inspect --format \
    '{{.Architecture}} {{.Config.Entrypoint}} {{index .Labels "org.opencontainers.image.version"}}' ${NAME}; done`);
  const loaded = (arch: string) => `Loaded image: ${NAME}\n${arch} [/check_conntrack] ${version}\n`;
  expect(said).toBe(loaded('amd64') + loaded('arm64'));
});

test("it looks at the host's tables, as root without capabilities and as another user", () => {
  const bounds = [...LIMITS, '--cap-drop=all', '--volume=/:/host:ro'].join(' ');
  const said = host(`podman load -q -i ${IMAGE} >/dev/null
    podman run ${bounds} ${NAME}; podman run ${bounds} --user=65534 ${NAME}`);
  const lines = said.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  // The host's, the one of the sleeping process, and the container's own.
  for (const line of lines) {
    expect(line).toMatch(/^CONNTRACK OK - \d+ of \d+ entries \(\d+\.\d%\) here, /);
    expect(line).toContain(' netns_count=3;');
  }
});

test("the image's own tools enter network namespaces, with the two capabilities that this takes", () => {
  const bounds = [...LIMITS, '--cap-drop=all', '--volume=/:/host:ro'].join(' ');
  const entering = `${bounds} --cap-add=SYS_ADMIN,SYS_PTRACE`;
  const said = host(`podman load -q -i ${IMAGE} >/dev/null
    ip netns add kept; ip -n kept link set lo up; ip netns exec kept nft '${TRACKING}'
    ip netns exec kept ping -c 1 127.0.0.1 >/dev/null
    podman run ${bounds} ${NAME}; podman run ${bounds} --user=65534 ${NAME}
    podman run ${entering} ${NAME} --root /host --netns all -v
    podman run ${entering} ${NAME} report --root /host --interval 0.1 --pid $other -vv`);
  expect(said.match(/, 3 of at least \d namespaces, /g)).toHaveLength(2);
  expect(said).toMatch(/^CONNTRACK OK - .*, 1 \(0\.0%\) in namespace kept \(no process\), 4 namespaces, /m);
  // The settings of the namespace of the sleeping process.
  expect(said).toMatch(/^read nsenter --net=\/host\/proc\/\d+\/ns\/net: \d{3,} bytes$/m);
});

// One entry per kind that is printed differently.
const ENTRIES = [
  '-p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 --state ESTABLISHED -u ASSURED,SEEN_REPLY',
  '-p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 3 --dport 2 --state SYN_SENT -m 7',
  '-p sctp -s 10.0.0.1 -d 10.0.0.2 --sport 3 --dport 2 --state COOKIE_WAIT --orig-vtag 1 --reply-vtag 2',
  '-p icmp -s 10.0.0.1 -d 10.0.0.2 --icmp-type 8 --icmp-code 0 --icmp-id 77',
  '-p 99 -s 10.0.0.1 -d 10.0.0.2',
  '-p udp -s fd00::1 -d fd00::2 --sport 3 --dport 2 -w 9',
  '-p udp -s 10.0.0.1 -d 10.0.0.2 --sport 3 --dport 2 --orig-zone 4',
];

test("the image's conntrack prints the same as conntrack(8)", () => {
  const own = join(work.path, 'conntrack');
  const list = (program: string, family: string) =>
    `${program} -L -o extended -f ${family} 2>/dev/null | sed 's/ [0-9]* \\([A-Z_]* *src=\\)/ \\1/' | sort`;
  const counters = (program: string) => `${program} -S | tr -s '[:blank:]' ' ' | sed 's/ $//'`;
  const printed = (program: string) => `${list(program, 'ipv4')}; ${list(program, 'ipv6')}; ${counters(program)}`;
  const said = host(`ln -s ${join(BUILD, 'linux-x64/image-tools')} ${own}
    echo 1 >/proc/sys/net/netfilter/nf_conntrack_acct
    ${ENTRIES.map((entry) => `conntrack -I ${entry} -t 600 >/dev/null 2>&1`).join('\n')}
    { ${printed('conntrack')}; }; echo; { ${printed(own)}; }`);
  const [theirs = '', ours] = said.trimEnd().split('\n\n');
  expect(theirs.match(/ src=.* use=1$/gm)).toHaveLength(ENTRIES.length);
  expect(ours).toBe(theirs);
});

test('as the DaemonSet runs it: the textfile is written and replaced, and SIGTERM ends it', () => {
  const { options, line } = container();
  const every = line.map((word) => (word === '60' ? '1' : word)).join(' ');
  const said = host(`podman load -q -i ${IMAGE} >/dev/null
    podman run --detach --name=it ${options.join(' ')} --entrypoint='' ${NAME} ${every} >/dev/null
    file=${work.path}/textfile/conntrack.prom
    for try in $(seq 100); do [ -e $file ] && break; sleep .1; done; cp $file $file.first
    for try in $(seq 100); do [ $file -nt $file.first ] && break; sleep .1; done
    cat $file; mv $file.first /tmp; podman stop -t 5 it >/dev/null; echo stopped`);
  expect(said).toMatch(/^conntrack_namespaces 3$/m);
  expect(said).toMatch(/^conntrack_check_state 0$/m);
  expect(said).toMatch(/\nstopped\n$/);
  expect(readdirSync(join(work.path, 'textfile'))).toEqual(['conntrack.prom']);
  expect(readdirSync(join(work.path, 'state/0/check_conntrack')).length).toBeGreaterThan(0);
  expect(readFileSync(join(work.path, 'textfile/conntrack.prom'), 'utf8')).not.toBe('');
});
