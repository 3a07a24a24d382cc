/** A use that rules make of entries: address translation, marks of connections, helpers of protocols. */
export type EntryUse = 'nat' | 'marks' | 'helpers';
