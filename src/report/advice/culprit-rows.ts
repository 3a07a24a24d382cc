// The advice against a culprit: when it is given, and its steps.

import { withoutRoom } from '../../evaluate/losses.ts';
import { type EarlierAdvice, listedRow } from './advice-row.ts';
import type { Case, ListedCase } from './case.ts';
import { type CulpritAdvice, culpritAdvice } from './culprits.ts';
import { networkStep, sourceStep } from './keep-out.ts';
import { notrackStep } from './notrack.ts';
import { rateLimitStep } from './rate-limit.ts';
import { sourceLimitStep } from './source-limit.ts';
import type { Place, Step } from './step.ts';
import type { Suspicion } from './suspicion.ts';
import { synproxyStep } from './synproxy.ts';

export const culpritRow = listedRow(
  (facts, earlier) => culpritsOf(facts, earlier).filter(({ kind }) => kind !== 'notrack'),
  culpritStep,
);

export const untrackedRow = listedRow(
  (facts, earlier) => culpritsOf(facts, earlier).filter(({ kind }) => kind === 'notrack'),
  culpritStep,
);

// Keeping out a source does not close connections that a program leaves open, unless the source adds new ones.
function culpritsOf(facts: ListedCase, earlier: EarlierAdvice): readonly CulpritAdvice[] {
  const isOpen = earlier.some(({ kind }) => kind === 'half_closed');
  return suspects(facts).filter((advice) => !isOpen || isOfAdder(advice));
}

function isOfAdder(advice: CulpritAdvice): boolean {
  return (advice.kind !== 'source' && advice.kind !== 'notrack') || advice.adds !== undefined;
}

/** True if the advice also removes the entries of the source or network that it keeps out. */
export function removesCulprits(facts: ListedCase): boolean {
  return suspects(facts).some(
    (advice) => (advice.kind === 'source' || advice.kind === 'network') && advice.spared === undefined,
  );
}

function suspects(facts: ListedCase): readonly CulpritAdvice[] {
  return culpritAdvice(suspicionOf(facts), facts.holdings);
}

function suspicionOf({ settings, evaluation, diagnosis: { worst }, ...facts }: Case): Suspicion {
  const { table, losses, lost } = worst.result;
  const refused = losses === undefined || lost === undefined ? 0 : withoutRoom(lost, losses.events) / losses.seconds;
  const { machine } = evaluation.observation;
  const { arrivals, own, host, ssh, chains, uses = [] } = facts;
  const loose = settings.get('tcp_loose');
  return { arrivals, refused, limit: table.limit, machine, own, host, ssh, chains, uses, loose };
}

export function culpritStep(advice: CulpritAdvice, context: Place): Step {
  switch (advice.kind) {
    case 'notrack':
      return notrackStep(advice, context);
    case 'source':
      return sourceStep(advice, context);
    case 'network':
      return networkStep(advice, context);
    case 'source_limit':
      return sourceLimitStep(advice, context);
    case 'synproxy':
      return synproxyStep(advice, context);
    case 'rate_limit':
      return rateLimitStep(advice, context);
  }
}
