// The document that every command writes with --format json: nagios/check_conntrack.schema.json is made from these types
// by .dev/schema.mjs. Kernel names are verbatim; sizes are bytes, times seconds.

import { version } from '../../package.json';
import { exitCode, type State } from '../evaluate/state.ts';
import type { CheckBody, FailedCheckBody } from './check-body.ts';
import type { PlanBody } from './plan-body.ts';
import type { ReportBody } from './report-body.ts';

/**
 * What check_conntrack, check_conntrack report and check_conntrack plan write with --format json. Kernel names are
 * verbatim; sizes are bytes, times seconds.
 *
 * @title check_conntrack --format json
 */
export type Document = CheckDocument | FailedCheckDocument | PlanDocument | ReportDocument;

// In the schema what is named last comes first, as the head does in the document.
export interface CheckDocument extends CheckBody, Head<'check'> {}

/** Of a check that could judge nothing: no table is there, it cannot be read, or the arguments are wrong. */
export interface FailedCheckDocument extends FailedCheckBody, Head<'check'> {}

export interface PlanDocument extends PlanBody, Head<'plan'> {}

export interface ReportDocument extends ReportBody, Head<'report'> {}

interface Head<Command> {
  readonly schema_version: 1;
  /** of check_conntrack */
  readonly version: string;
  readonly command: Command;
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

/** What a document has of its own, and whose it is. */
export type Body = Bodies<Document>;

type Bodies<Each> = Each extends Head<string> ? Omit<Each, Exclude<keyof Head<string>, 'command'>> : never;

/** Ends in a newline. */
export function renderJson({ state, text, details }: Telling, { command, ...body }: Body): string {
  const head = { schema_version: 1, version, command, state, exit_code: exitCode(state), message: text };
  return `${JSON.stringify({ ...head, ...body, details }, null, 2)}\n`;
}
