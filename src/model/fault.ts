// What went wrong with a reading, as a value. Absent and broken are told apart by kind.

/** Why something could not be had. Content faults carry the size of what was there, never the text. */
export type FaultKind =
  | 'missing'
  | 'denied'
  | 'not-regular'
  | 'not-directory'
  | 'outside-root'
  | 'too-large'
  | 'io'
  | 'timeout'
  | 'empty'
  | 'not-a-number'
  | 'negative'
  | 'zero'
  | 'absurd'
  | 'malformed'
  | 'tool-missing'
  | 'tool-failed'
  | 'enter-failed'
  | 'would-load-module'
  | 'other-namespace'
  | 'not-asked'
  | 'not-written'
  | 'foreign'
  | 'others-write'
  | 'symlink';

export interface Fault {
  readonly kind: FaultKind;
  /** The file or command, as a person would type it. */
  readonly source: string;
  /** Kind-specific: a size in bytes, an errno name or an exit status. */
  readonly detail?: string;
}

/** A figure and where it came from, or why there is none. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T; readonly source: string }
  | { readonly ok: false; readonly fault: Fault };

/** One attempt to read a file, for `-vv` and `-vvv`. */
export interface ReadAttempt {
  readonly source: string;
  readonly bytes: number;
  readonly fault?: Fault;
  readonly milliseconds: number;
}
