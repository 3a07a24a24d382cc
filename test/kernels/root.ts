// The root file system of a booted machine: the common part of an architecture, and Node for some.

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { archive } from '../../.dev/kernel-archive.mjs';
import { nodeBinary } from '../../.dev/node-matrix.mjs';
import { TOP } from '../e2e/support/plugin.ts';

export type Architecture = 'amd64' | 'arm64';

// Ten ports for packets to port 9.
const NAT =
  'table ip nat { chain post { type nat hook postrouting priority 100; udp dport 9 snat to 127.0.0.1:1000-1009; }; }';
const PROGRAMS = ['/usr/sbin/nft', '/usr/sbin/conntrack', '/usr/bin/setpriv', '/usr/bin/nsenter', '/usr/bin/jq'];
const TRACK = 'table inet track { chain output { type filter hook output priority 0; ct state new accept; }; }';

/** `userland` has the programs of another architecture. */
export function baseArchive(folder: string, architecture: Architecture, userland: string): string {
  const file = join(folder, `${architecture}.cpio`);
  if (existsSync(file)) return file;
  const tree = join(folder, architecture);
  for (const name of ['proc', 'sys', 'dev', 'tmp', 'etc', 'var/lib', 'bin'])
    mkdirSync(join(tree, name), { recursive: true });
  const isNative = architecture === 'amd64';
  placeBusybox(tree, isNative ? '/bin/busybox' : join(userland, 'bin/busybox'));
  if (isNative) placePrograms(tree, PROGRAMS);
  else placeForeign(tree, userland);
  const built = join(TOP, 'build', isNative ? 'linux-x64' : 'linux-arm64', 'check_conntrack');
  copyFileSync(built, placed(tree, 'usr/lib/nagios/plugins/check_conntrack'));
  copyFileSync(join(dirname(built), 'image-tools'), placed(tree, 'usr/lib/image-tools'));
  compile(placed(tree, 'bin/traffic'), architecture);
  for (const script of ['init', 'init-million']) {
    copyFileSync(join(__dirname, script), placed(tree, script));
    chmodSync(join(tree, script), 0o755);
  }
  writeFileSync(placed(tree, 'etc/track.nft'), TRACK);
  writeFileSync(placed(tree, 'etc/nat.nft'), NAT);
  archive(tree, file);
  return file;
}

/** Node and its libraries, in /opt, with the built file next to it. */
export async function nodeArchive(folder: string, version: string): Promise<string> {
  const tree = join(folder, `node-${version}`);
  const binary = await nodeBinary(version);
  placePrograms(tree, libraries(binary));
  copyFileSync(binary, placed(tree, 'opt/node'));
  copyFileSync(join(TOP, 'dist/check_conntrack'), placed(tree, 'opt/check_conntrack'));
  archive(tree, `${tree}.cpio`);
  return `${tree}.cpio`;
}

function placed(tree: string, path: string): string {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  return join(tree, path);
}

function placeBusybox(tree: string, busybox: string): void {
  copyFileSync(busybox, placed(tree, 'bin/busybox'));
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n');
  for (const name of applets) if (name !== 'busybox') symlinkSync('busybox', join(tree, 'bin', name));
  // The kernel runs /sbin/modprobe to load a module on demand.
  symlinkSync('bin', join(tree, 'sbin'));
}

function placePrograms(tree: string, programs: readonly string[]): void {
  for (const program of programs)
    for (const file of [program, ...libraries(program)]) copyFileSync(file, placed(tree, file));
}

function libraries(program: string): readonly string[] {
  const listed = execFileSync('ldd', [program], { encoding: 'utf8' });
  return Array.from(listed.matchAll(/(\/\S+) \(0x/g), ([, path = '']) => path);
}

function placeForeign(tree: string, userland: string): void {
  // Copies nothing else from there: a directory of systemd's would make it a machine with systemd.
  for (const path of ['lib/aarch64-linux-gnu', 'usr/lib/aarch64-linux-gnu', 'lib/ld-linux-aarch64.so.1'])
    cpSync(join(userland, path), placed(tree, path), { recursive: true, verbatimSymlinks: true });
  for (const program of PROGRAMS) copyFileSync(join(userland, program), placed(tree, program));
}

function compile(file: string, architecture: Architecture): void {
  const source = join(__dirname, 'traffic.c');
  if (architecture === 'amd64') execFileSync('gcc', ['-O1', '-static', '-o', file, source]);
  else compileForArm(file, source);
}

// Uses the musl that .dev/standalone.mjs has fetched.
function compileForArm(file: string, source: string): void {
  const musl = (path: string) => join(TOP, '.cache/standalone/musl-arm64/usr', path);
  const lib = (name: string) => musl(`lib/aarch64-linux-musl/${name}`);
  const flags = ['-O1', '-static', '-nostdlib', '-mno-outline-atomics', '-isystem', musl('include/aarch64-linux-musl')];
  const objects = [lib('crt1.o'), lib('crti.o'), source, lib('libc.a'), '-lgcc', lib('crtn.o')];
  execFileSync('aarch64-linux-gnu-gcc', [...flags, '-o', file, ...objects]);
}
