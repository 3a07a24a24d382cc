// Plugin states, their severity and their exit codes: two different orders that are never mixed.

export const STATES = ['ok', 'warning', 'critical', 'unknown'] as const;
export type State = (typeof STATES)[number];

const SEVERITY: Readonly<Record<State, number>> = { ok: 0, warning: 1, unknown: 2, critical: 3 };

const EXIT_CODE: Readonly<Record<State, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

/** Positive if `a` is more severe. */
export function compareSeverity(a: State, b: State): number {
  return SEVERITY[a] - SEVERITY[b];
}

/** Returns the most severe state; `ok` if there are none. */
export function worst(states: readonly State[]): State {
  return states.reduce<State>((gravest, state) => (compareSeverity(state, gravest) > 0 ? state : gravest), 'ok');
}

/** Sorts by state, the most severe first, then by usage, the fullest first. */
export function gravestFirst<T extends { readonly state: State; readonly usage: number }>(things: readonly T[]): T[] {
  return things.slice().sort((a, b) => compareSeverity(b.state, a.state) || b.usage - a.usage);
}

/** The process exit code of the Nagios plugin API. */
export function exitCode(state: State): number {
  return EXIT_CODE[state];
}

/** Parses a state in upper or lower case. */
export function parseState(text: string): State | undefined {
  const name = /^[A-Za-z]+$/.test(text) ? text.toLowerCase() : '';
  return STATES.find((state) => state === name);
}
