import * as os from 'qjs:os';
import { setLastWords } from 'qjs:own';
import type { Terminal } from '../contract.ts';

const STDOUT = 1;

export const terminal: Terminal = {
  isTerminal: os.isatty,
  rows: () => os.ttyGetWinSize(STDOUT)?.[1],
  setLastWords,
};
