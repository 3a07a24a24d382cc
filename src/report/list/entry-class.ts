// The classes of entries, as places in an array of counts.

export const PROTOCOLS = 256;
const STATES_KEPT = 32;
/** All combinations of protocol, state and assured. */
export const CLASSES = PROTOCOLS * STATES_KEPT * 2;

/** The entries that share a timeout: of one protocol in one state; for UDP and its like, assured or not. */
export interface EntryClass {
  readonly protocol: number;
  /** The place in STATES. */
  readonly state: number;
  readonly assured: boolean;
}

export function classOf({ protocol, state, assured }: EntryClass): number {
  return (protocol * STATES_KEPT + state) * 2 + (assured ? 1 : 0);
}

export function classAt(place: number): EntryClass {
  const rest = place >> 1;
  return { protocol: Math.floor(rest / STATES_KEPT), state: rest % STATES_KEPT, assured: place % 2 === 1 };
}
