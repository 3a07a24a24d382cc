// The head of the document that every command writes with --format json; each command has its own body. The types of the
// bodies make nagios/check_conntrack.schema.json (.dev/schema.mjs). Kernel names are verbatim; sizes are bytes, times
// seconds.

import { version } from '../../package.json';
import { exitCode, type State } from '../evaluate/state.ts';

export interface Head<Command> {
  readonly schema_version: 1;
  /** check_conntrack's version */
  readonly version: string;
  readonly command: Command;
  readonly state: State;
  readonly exit_code: 0 | 1 | 2 | 3;
  /** line 1 without the state and the performance data */
  readonly message: string;
  /** the lines of -v */
  readonly details: readonly string[];
}

/** The fields of a document that are not its body. */
interface Telling {
  readonly state: State;
  readonly text: string;
  readonly details: readonly string[];
}

/** Ends in a newline. */
export function renderJson({ state, text, details }: Telling, command: string, body: object): string {
  const head = { schema_version: 1, version, command, state, exit_code: exitCode(state), message: text };
  return `${JSON.stringify({ ...head, ...body, details }, null, 2)}\n`;
}
