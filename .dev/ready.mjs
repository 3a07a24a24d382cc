// Runs before each `npm run`: prints in one line which Node version or packages are missing. Every Node since 12.20 can
// run this file, and it imports no package.

import { existsSync, readFileSync } from 'node:fs';

const { devEngines } = JSON.parse(readFileSync('package.json', 'utf8'));
const message = complaint();
if (message !== '') {
  console.error(message);
  process.exit(1);
}

function complaint() {
  const needed = devEngines.runtime.version.replace('>=', '');
  if (isOlder(process.versions.node, needed))
    return `building and testing needs Node ${needed} or newer, and this is ${process.versions.node} (dist/check_conntrack runs on it)`;
  if (!existsSync('node_modules/.package-lock.json')) return 'the development packages are not installed: npm ci';
  return '';
}

function isOlder(version, needed) {
  const [actual, wanted] = [version, needed].map((text) => text.split('.').map(Number));
  const at = wanted.findIndex((part, index) => part !== actual[index]);
  return at >= 0 && actual[at] < wanted[at];
}
