// The container or pod of a process, by the path of its control group: `/proc/<pid>/cgroup`, readable by every user.
// A line is `hierarchy:controllers:path`; version 2 has one line with nothing between the colons. Names by runtime:
//   Kubernetes    kubepods/burstable/pod<uid>/…, kubepods-burstable-pod<uid, _ for ->.slice/…
//   Docker        docker/<id>, docker-<id>.scope          containerd  cri-containerd-<id>.scope
//   CRI-O         crio-<id>.scope                         Podman      libpod-<id>.scope, libpod_parent/libpod-<id>
//   systemd-nspawn machine-<name>.scope, systemd-nspawn@<name>.service
//   LXC           lxc/<name>, lxc.payload.<name>, lxc.payload/<name>

import type { Container } from '../../model/table.ts';
import type { Parsed, Root } from '../root.ts';

const CGROUP_LIMIT = 1 << 16;
const POD = /\bpod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?=[./]|$)/;
const HASH = /(?:^|[/:-])([0-9a-f]{64})(?=[./]|$)/;
const CONTAINER_NAMES = [
  /\/machine-((?!qemu\\x2d)[^/]+)\.scope(?=\/|$)/,
  /\/systemd-nspawn@([^/]+)\.service(?=\/|$)/,
  /\/lxc\.payload[./]([^/]+)/,
  /\/lxc\/([^/]+)/,
];
// The length that docker ps and crictl print.
const SHORT_ID = 12;

export function readContainer(root: Root, pid: number): Container | undefined {
  const reading = root.read(`/proc/${pid}/cgroup`, CGROUP_LIMIT, parseContainer);
  return reading.ok ? reading.value : undefined;
}

export function parseContainer(text: string): Parsed<Container | undefined> {
  const paths = text.split('\n').map((line) => line.replace(/^[^:]*:[^:]*:/, ''));
  const [, pod] = firstMatch(paths, [POD]);
  if (pod !== undefined) return { ok: true, value: { kind: 'pod', id: pod.replace(/_/g, '-') } };
  const [, hash] = firstMatch(paths, [HASH]);
  if (hash !== undefined) return { ok: true, value: { kind: 'container', id: hash.slice(0, SHORT_ID) } };
  const [, name] = firstMatch(paths, CONTAINER_NAMES);
  return { ok: true, value: name === undefined ? undefined : { kind: 'container', id: unescapeUnit(name) } };
}

function firstMatch(paths: readonly string[], patterns: readonly RegExp[]): readonly (string | undefined)[] {
  for (const pattern of patterns) {
    const match = paths.map((path) => pattern.exec(path)).find((result) => result !== null);
    if (match !== undefined && match !== null) return match;
  }
  return [];
}

// Reverses systemd-escape(1).
function unescapeUnit(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
