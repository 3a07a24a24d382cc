import * as os from 'qjs:os';
import { geteuid, getgroups } from 'qjs:own';
import { exit, getenviron } from 'qjs:std';
import type { Self } from '../contract.ts';

export const self: Self = {
  args: scriptArgs.slice(1),
  environment: getenviron(),
  pid: os.getpid(),
  isX64: BUILD_ARCHITECTURE === 'x64',
  effectiveUser: geteuid,
  groups: getgroups,
  build: `commit ${BUILD_COMMIT}, ${BUILD_ENGINE}, linux-${BUILD_ARCHITECTURE}`,
  exit,
};
