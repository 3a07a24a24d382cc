// A row of the tables of advice: when a piece of advice is given, together with its step.

import type { Case, ListedCase } from './case.ts';
import type { Context, Step } from './step.ts';

/** The advice of the rows before it, by kind. */
export type EarlierAdvice = readonly { readonly kind: string }[];

export type WithStep<Given> = Given & { readonly stepIn: (context: Context) => Step };

export function adviceRow<Given>(
  give: (facts: Case, earlier: EarlierAdvice) => readonly Given[],
  step: (given: Given, context: Context) => Step,
) {
  return (facts: Case, earlier: EarlierAdvice) => give(facts, earlier).map((given) => withStep(given, step));
}

/** A row that needs the list of a table that is in trouble. */
export function listedRow<Given>(
  give: (facts: ListedCase, earlier: EarlierAdvice) => readonly Given[],
  step: (given: Given, context: Context) => Step,
) {
  return adviceRow((facts, earlier) => {
    const { holdings, diagnosis } = facts;
    return holdings === undefined || diagnosis.trouble === 'drift' ? [] : give({ ...facts, holdings }, earlier);
  }, step);
}

export function withStep<Given>(given: Given, step: (given: Given, context: Context) => Step): WithStep<Given> {
  return { ...given, stepIn: (context) => step(given, context) };
}
