import type { Self } from '../contract.ts';

export const self: Self = {
  args: process.argv.slice(2),
  environment: process.env,
  pid: process.pid,
  isX64: process.arch === 'x64',
  effectiveUser: () => process.geteuid?.() ?? 0,
  groups: () => [process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])],
  build: `Node.js ${process.version.slice(1)}, ${process.platform}-${process.arch}`,
  exit: (code) => process.exit(code),
};
