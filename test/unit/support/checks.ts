// Evaluates an observation as one command line of the check would.

import { parseRequest } from '../../../src/cli/options.ts';
import { type Evaluation, evaluate, type Histories } from '../../../src/evaluate/evaluate.ts';
import { type Changes, observation } from './observation.ts';

const NO_PAST: Histories = new Map();

export function evaluated(changes: Changes, argv: readonly string[] = [], histories = NO_PAST): Evaluation {
  const request = parseRequest(argv, { MP_STATE_PATH: '/state' });
  if (request.kind !== 'run' || request.command !== 'check') throw new Error(JSON.stringify(request));
  return evaluate(observation(changes), histories, request.options);
}
