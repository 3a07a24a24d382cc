// Advice in JSON.

import type { InPlace } from '../../words/body-types.ts';
import { editsUndone, type FileBody, fileBodies } from '../../words/edit-words.ts';
import type { ReportFindings } from '../report-findings.ts';
import type { Advice } from './advice.ts';

export interface AdviceBody {
  readonly kind: InPlace<Advice['kind']>;
  readonly title: string;
  /** the condition for typing the commands, in words */
  readonly preconditions: readonly string[];
  readonly commands: readonly string[];
  /** the commands that undo them, in this order */
  readonly undo: readonly string[];
  /** the same with iptables, if the commands use nft */
  readonly instead: readonly string[];
  /** the commands that undo those */
  readonly undo_instead: readonly string[];
  /** effects that the undo does not restore, in words; null if it restores everything */
  readonly undo_remains: string | null;
  readonly notes: readonly string[];
  /** lines that make it permanent */
  readonly files: readonly FileBody[];
  /** how to revert the lines in files, in words; null if no line is new */
  readonly undo_files: string | null;
}

export function adviceBody(advice: Advice, { evaluation: { observation }, diagnosis }: ReportFindings): AdviceBody {
  const step = advice.stepIn({ observation, subject: diagnosis.worst.result.table });
  return {
    kind: advice.kind,
    title: step.title,
    preconditions: step.preconditions ?? [],
    commands: step.commands,
    undo: step.undo,
    instead: step.instead,
    undo_instead: step.undoInstead,
    undo_remains: step.remains ?? null,
    notes: step.notes,
    files: fileBodies(step.files),
    undo_files: editsUndone(step.files) ?? null,
  };
}
