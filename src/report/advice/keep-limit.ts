// The limit that ended an incident is in no file.
//   When    a table was full a short time ago, and nothing sets its limit at the next boot

import { isKubeProxys } from '../../evaluate/kube-proxy.ts';
import { defaultLimit } from '../../evaluate/module-load.ts';
import { type Plan, planFor } from '../../evaluate/sizing.ts';
import { grouped } from '../../words/prose.ts';
import { adviceRow } from './advice-row.ts';
import type { Case } from './case.ts';
import { planFiles } from './limit-step.ts';
import { type Context, type Step, typedStep } from './step.ts';

export interface KeepAdvice {
  readonly kind: 'keep';
  readonly plan: Plan;
}

export const keepRow = adviceRow(keepAdvice, keepStep);

// An incident that is over is no reason to raise anything, but the limit that ended it may be lost at the next boot.
export function keepAdvice({ evaluation, diagnosis }: Case): readonly KeepAdvice[] {
  const { observation, drift, cost } = evaluation;
  const [own] = observation.tables;
  const { machine, evidence } = observation;
  const isWritten = drift === undefined ? own.limit <= defaultLimit(machine) : drift.kind !== 'above';
  const isSetAgain = evidence !== undefined && isKubeProxys(machine, own, evidence);
  if (diagnosis.past === undefined || isWritten || isSetAgain || own.limit === 0) return [];
  const planned = planFor(observation, own, cost, own.limit);
  return planned.ok ? [{ kind: 'keep', plan: planned.value }] : [];
}

export function keepStep({ plan }: KeepAdvice, { observation }: Context): Step {
  return {
    title: `Nothing now. Make the limit of ${grouped(plan.limit)} last: no file sets it.`,
    ...typedStep('', []),
    notes: [],
    inNamespace: false,
    files: planFiles(plan, observation),
  };
}
