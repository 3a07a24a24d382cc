// A plan as JSON.

import type { Certainty } from '../evaluate/extensions.ts';
import type { ObjectOrigin } from '../evaluate/footprint.ts';
import type { Plan, Reason } from '../evaluate/sizing.ts';
import type { Observation } from '../model/observation.ts';
import type { Count, InPlace } from '../words/body-types.ts';
import { type FileBody, fileBodies } from '../words/edit-words.ts';
import type { Head } from '../words/json.ts';
import { durable, liveCommands } from '../words/remedies.ts';
import { foreign } from '../words/words.ts';

export interface PlanBody {
  /** null if the plan failed */
  readonly plan: null | {
    readonly max: Count;
    readonly reason: InPlace<Reason>;
    readonly present: { readonly count: Count; readonly max: Count; readonly buckets: Count | null };
    readonly buckets: Count;
    /** the limit that the module sets if it is loaded with these buckets */
    readonly max_at_load: Count;
    /** the limit of expected connections, now and after loading the module; null on ip_conntrack, which has none */
    readonly expect_max: { readonly now: Count; readonly at_load: Count } | null;
    readonly memory: {
      readonly origin: ObjectOrigin;
      /** certainty of the slab figures: memory that could not be seen adds to them */
      readonly certainty: InPlace<Certainty>;
      readonly object_size_bytes: Count;
      readonly objects_bytes: Count;
      readonly extensions_bytes: Count;
      readonly hash_table_bytes: Count;
      readonly total_bytes: Count;
      readonly share_percent: number | null;
      /**
       * negative if less is needed than now
       *
       * @asType integer
       */
      readonly more_than_now_bytes: number;
      readonly available_bytes: Count | null;
      readonly fits: boolean | null;
      /** if this one does not fit */
      readonly largest_max_that_fits: Count | null;
    };
    /** the limit that the machine's files set */
    readonly configured: { readonly path: string; readonly max: Count } | null;
    /** the commands that set it now */
    readonly commands: readonly string[];
    /** lines that make it permanent */
    readonly files: readonly FileBody[];
  };
}

/** Sizes in bytes. */
export function planBody(observation: Observation, plan: Plan): PlanBody {
  const { limit, reason, buckets, limitAtLoad, expectMax, configured } = plan;
  const { machine, tables } = observation;
  const [table] = tables;
  const now = machine.buckets.ok ? machine.buckets.value : null;
  return {
    plan: {
      max: limit,
      reason,
      present: { count: table.entries, max: table.limit, buckets: now },
      buckets,
      max_at_load: limitAtLoad,
      expect_max: expectMax === undefined ? null : { now: expectMax.now, at_load: expectMax.atLoad },
      memory: planMemoryBody(observation, plan),
      configured: configured === undefined ? null : { path: foreign(configured.path), max: configured.limit },
      commands: plan.obstacle !== undefined ? [] : liveCommands(observation, plan),
      files: plan.obstacle !== undefined ? [] : fileBodies(durable(observation, plan)),
    },
  };
}

function planMemoryBody(
  { machine: { available } }: Observation,
  { cost, full, hashTable, share, extraBytes, fits, largest }: Plan,
) {
  return {
    origin: cost.origin,
    certainty: cost.certainty,
    object_size_bytes: cost.objectSize,
    objects_bytes: full.objects,
    extensions_bytes: full.extensions,
    hash_table_bytes: hashTable,
    total_bytes: full.total + hashTable,
    share_percent: share ?? null,
    more_than_now_bytes: extraBytes,
    available_bytes: available.ok ? available.value.bytes : null,
    fits: fits ?? null,
    largest_max_that_fits: largest ?? null,
  };
}

/** @public */
export interface PlanDocument extends PlanBody, Head<'plan'> {}
