// Boots a kernel under qemu with an initramfs: busybox, nft(8), conntrack(8), the standalone executable, and `init`,
// which prints the output of each step. Then boots once more, with the files written the first time.

import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { archive } from '../../.dev/kernel-archive.mjs';
import { TOP } from '../e2e/support/plugin.ts';
import { type Architecture, baseArchive, nodeArchive } from './root.ts';

export interface Step {
  readonly status: number;
  readonly output: string;
}

export interface Machine {
  readonly release: string;
  /** Seconds for it and its second boot. */
  readonly seconds: number;
  /** By name, in the order of the script. */
  readonly steps: ReadonlyMap<string, Step>;
}

export const isChoice = (process.env['CHECK_CONNTRACK_KERNELS'] ?? '1') !== '1';
const KERNELS = join(TOP, '.cache/kernels');
const LIMIT_MILLISECONDS = 600_000;
const QEMU = {
  amd64: { program: 'qemu-system-x86_64', machine: ['-accel', 'tcg', '-cpu', 'max'], console: 'ttyS0' },
  arm64: { program: 'qemu-system-aarch64', machine: ['-M', 'virt', '-cpu', 'cortex-a57'], console: 'ttyAMA0' },
} as const;
// The machine's clock counts its instructions, and sleeping takes no time: the result does not depend on the load of
// this machine.
const CLOCK = 'shift=2,sleep=off';
/** The Node version that also runs the built file there. */
const NODES: Readonly<Record<string, string>> = { '5.10': '12.22', newest: '26' };

/** The oldest and the newest, and any requested by name: a boot takes 5 s of a processor. */
export function isBootedAgain(name: string): boolean {
  return isChoice || NODES[name] !== undefined;
}

export function hasNode(name: string): boolean {
  return NODES[name] !== undefined;
}

/** Returns the names of the available kernels. */
export function kernels(): readonly string[] {
  return names('').filter((name) => existsSync(join(KERNELS, name, 'release')));
}

/** Returns the path of its captured files. */
export function captureOf(name: string): string {
  return join(KERNELS, name, 'captured');
}

/** Returns the reason for each kernel that is missing, by name. */
export function missing(): readonly (readonly [name: string, reason: string])[] {
  const notes = names('.missing');
  return notes.map((name) => [name.replace(/\.missing$/, ''), readFileSync(join(KERNELS, name), 'utf8')]);
}

function names(ending: string): readonly string[] {
  const chosen = process.env['CHECK_CONNTRACK_KERNELS'] ?? '1';
  const all = existsSync(KERNELS) ? readdirSync(KERNELS) : [];
  const isChosen = (name: string) => chosen === '1' || chosen.split(',').includes(name);
  return all.filter((name) => name.endsWith(ending) && isChosen(name.slice(0, name.length - ending.length)));
}

function architecture(name: string): Architecture {
  return name.endsWith('-arm64') ? 'arm64' : 'amd64';
}

export async function boot(name: string, folder: string): Promise<Machine> {
  const start = Date.now();
  rmSync(join(KERNELS, `${name}.console`), { force: true });
  const base = baseArchive(folder, architecture(name), join(KERNELS, name, 'userland'));
  const version = NODES[name];
  const parts = [base, ...(version === undefined ? [] : [await nodeArchive(folder, version)])];
  const first = await bootWith(name, folder, parts);
  const second = isBootedAgain(name) ? await bootAgain(name, folder, base, first) : [];
  const release = readFileSync(join(KERNELS, name, 'release'), 'utf8');
  return { release, seconds: (Date.now() - start) / 1000, steps: new Map([...first, ...second]) };
}

function bootAgain(name: string, folder: string, base: string, first: Machine['steps']): Promise<Machine['steps']> {
  const files = filesOf(first.get('placed')?.output ?? '', join(folder, `${name}-again`));
  return bootWith(name, folder, [base, files]);
}

/** Extracts the written files, which come over the console. */
function filesOf(packed: string, folder: string): string {
  mkdirSync(join(folder, 'etc'), { recursive: true });
  execFileSync('tar', ['xz', '-C', folder], { input: Buffer.from(packed, 'base64') });
  writeFileSync(join(folder, 'etc/again'), '');
  archive(folder, `${folder}.cpio`);
  return `${folder}.cpio`;
}

/** Boots once with `init-million`: a table of so many entries. */
export function bootMillion(name: string, folder: string, entries: number): Promise<Machine['steps']> {
  const base = baseArchive(folder, architecture(name), join(KERNELS, name, 'userland'));
  return bootWith(name, folder, [base], [`rdinit=/init-million entries=${entries}`, '2000', 'shift=0,sleep=off']);
}

async function bootWith(
  name: string,
  folder: string,
  parts: readonly string[],
  [append, megabytes, clock] = ['', parts.length > 1 ? '900' : '512', CLOCK],
): Promise<Machine['steps']> {
  const from = (file: string) => join(KERNELS, name, file);
  const initramfs = join(mkdtempSync(join(folder, 'boot-')), 'initramfs');
  writeFileSync(initramfs, Buffer.concat([...parts, from('modules.cpio')].map((file) => readFileSync(file))));
  const { program, machine, console } = QEMU[architecture(name)];
  const line = ['-icount', clock, ...machine, '-m', megabytes, '-display', 'none', '-serial', 'stdio', '-no-reboot'];
  const kernel = [
    '-kernel',
    from('vmlinuz'),
    '-initrd',
    initramfs,
    '-append',
    `console=${console} quiet panic=-1 ${append}`,
  ];
  const output = await consoleOf(program, [...line, ...kernel]);
  // For finding out why a step is missing.
  appendFileSync(join(KERNELS, `${name}.console`), output);
  return stepsIn(output);
}

function consoleOf(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MILLISECONDS });
  let output = '';
  child.stdout.setEncoding('latin1').on('data', (text) => {
    output += text;
  });
  return new Promise((resolve, reject) => child.on('error', reject).on('close', () => resolve(output)));
}

// A serial line ends in CR LF.
function stepsIn(output: string): Machine['steps'] {
  const sections = output.replace(/\r/g, '').matchAll(/@@begin (\S+)\n([\s\S]*?)@@end \1 (\d+)\n/g);
  return new Map(
    Array.from(sections, ([, name = '', text = '', status]) => [name, { status: Number(status), output: text }]),
  );
}
