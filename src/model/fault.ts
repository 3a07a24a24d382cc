// A failed reading, as a value. Absent and broken have different kinds.

/** Why a reading failed. Content faults carry the size of the content, never its text. */
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
  | 'other-format'
  | 'foreign'
  | 'others-write'
  | 'symlink';

export interface Fault {
  readonly kind: FaultKind;
  /** The file or command, as typed in a shell. */
  readonly source: string;
  /** Depends on the kind: a size in bytes, an errno name or an exit status. */
  readonly detail?: string;
}

/** A value and its source, or the fault. */
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
