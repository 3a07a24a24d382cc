// The document that every command writes with --format json: nagios/check_conntrack.schema.json is made from these types
// by .dev/schema.mjs. Kernel names are verbatim; sizes are bytes, times seconds.

import { version } from '../../package.json';
import { exitCode, type State } from '../evaluate/state.ts';
import type { CheckBody, FailedCheckBody } from './check-body.ts';
import type { PlanBody } from './plan-body.ts';
import type { ReportBody } from './report-body.ts';

/**
 * @asType integer
 * @minimum 0
 */
export type Count = number;

/** What check_conntrack, check_conntrack report and check_conntrack plan write with --format json. */
export type Document =
  | ({ readonly command: 'check' } & Head & (CheckBody | FailedCheckBody))
  | ({ readonly command: 'plan' } & Head & PlanBody)
  | ({ readonly command: 'report' } & Head & ReportBody);

interface Head {
  readonly schema_version: 1;
  /** of check_conntrack */
  readonly version: string;
  readonly state: State;
  readonly exit_code: 0 | 1 | 2 | 3;
  /** what line 1 says behind the state */
  readonly message: string;
  /** the long output of -v */
  readonly details: readonly string[];
}

/** What is told beside the body. */
interface Telling {
  readonly state: State;
  readonly text: string;
  readonly details: readonly string[];
}

export type Body =
  | ({ readonly command: 'check' } & (CheckBody | FailedCheckBody))
  | ({ readonly command: 'plan' } & PlanBody)
  | ({ readonly command: 'report' } & ReportBody);

/** Ends in a newline. */
export function renderJson({ state, text, details }: Telling, { command, ...body }: Body): string {
  const head = { schema_version: 1, version, command, state, exit_code: exitCode(state), message: text };
  return `${JSON.stringify({ ...head, ...body, details }, null, 2)}\n`;
}
