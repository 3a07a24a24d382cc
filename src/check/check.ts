// The check: acquire, recall, evaluate, render as line, perfdata and long output, or as a document.

import type { CheckOptions, Format } from '../cli/options.ts';
import type { Outcome, Program } from '../cli/program.ts';
import { type Evaluation, evaluate, type Histories } from '../evaluate/evaluate.ts';
import type { State } from '../evaluate/state.ts';
import { acquire, type Wanted } from '../kernel/acquire.ts';
import { type Deadline, openRoot, type Root } from '../kernel/root.ts';
import type { Observation } from '../model/observation.ts';
import type { Identities } from '../model/table.ts';
import { faultWords } from '../words/faults.ts';
import { statusLine, tableText } from '../words/line.ts';
import type { Message } from '../words/message.ts';
import { fitOutput } from './output.ts';
import { perfdata } from './perfdata.ts';

const NO_PAST: Histories = new Map();
const NOBODY: Identities = new Map();

export const checkCommand: Program<CheckOptions> = { run: check, fail };

async function check(options: CheckOptions, deadline: Deadline): Promise<Outcome> {
  const opened = openRoot(options.root, deadline);
  if ('fault' in opened) return fail(faultWords(opened.fault), options.format);
  const { root } = opened;
  const told = await lookAndJudge(root, options);
  const late = root.late();
  const message = late === undefined ? told : plain('unknown', faultWords(late));
  return rendered({ ...message, details: [...message.details, ...(await attempts(root, options))] }, options.format);
}

async function lookAndJudge(root: Root, options: CheckOptions): Promise<Message> {
  const observed = await acquire(root, wanted(options));
  if (observed.kind === 'absent') return plain(options.absent, 'no connection tracking visible here');
  if (observed.kind === 'fault') return plain('unknown', faultWords(observed.fault));
  const { observation } = observed;
  const { visibility } = observation;
  if (visibility?.ok === false) return plain('unknown', faultWords(visibility.fault));
  const histories = await recall(root, observation, options);
  const evaluation = evaluate(observation, histories, options);
  return messageOf(root, evaluation, histories, options);
}

function wanted({ verbosity, thresholds, format, netns, stateDir }: CheckOptions): Wanted {
  const { load_factor: load, memory_share: share, slab, slab_max: full } = thresholds;
  const shown = verbosity > 0 || format !== 'nagios';
  return {
    machine: shown || load !== undefined || share !== undefined ? 'sizes' : 'least',
    // A state that stands on them is the same however much is told.
    extensions: shown || share !== undefined || slab !== undefined || full !== undefined,
    namespaces: netns === 'all',
    clock: stateDir !== undefined,
    configuration: true,
    evidence: verbosity > 0 ? 'for drift' : 'never',
  };
}

// Loaded only with a state directory.
async function recall(root: Root, observation: Observation, options: CheckOptions): Promise<Histories> {
  const { stateDir, windowSeconds } = options;
  if (stateDir === undefined) return NO_PAST;
  const { recallTables } = await import('./recall.ts');
  return recallTables(root, observation, stateDir, windowSeconds);
}

async function messageOf(root: Root, evaluation: Evaluation, histories: Histories, options: CheckOptions) {
  const { state } = evaluation;
  const everywhere = options.netns === 'all' ? await import('./everywhere.ts') : undefined;
  const identities = everywhere?.identitiesTold(root, evaluation, options) ?? NOBODY;
  const evaluated = { evaluation, identities };
  const text = everywhere === undefined ? tableText(evaluation) : everywhere.everywhereText(evaluated);
  if (options.verbosity === 0) return { state, text, details: [], evaluated };
  const { tableDetails } = await import('../words/details.ts');
  const { driftDetails } = await import('../words/drift-words.ts');
  const ours = tableDetails(evaluation, histories.get(evaluation.results[0].table.key));
  const details = [...(everywhere?.everywhereDetails(evaluated) ?? []), ...ours, ...driftDetails(evaluation)];
  return { state, text, details, evaluated };
}

async function attempts(root: Root, { verbosity }: CheckOptions): Promise<readonly string[]> {
  if (verbosity < 2) return [];
  const { attemptLines } = await import('../words/details.ts');
  return attemptLines(root.attempts, verbosity > 2);
}

function plain(state: State, text: string): Message {
  return { state, text, details: [], evaluated: undefined };
}

async function rendered(message: Message, format: Format): Promise<Outcome> {
  const { state, text, details, evaluated } = message;
  switch (format) {
    case 'nagios':
    case 'text': {
      const data = evaluated === undefined ? [] : perfdata(evaluated.evaluation.results[0]);
      return { state, output: fitOutput(statusLine(state, text), data, details) };
    }
    case 'prometheus': {
      const { renderPrometheus } = await import('./prometheus.ts');
      return { state, output: renderPrometheus(message) };
    }
    case 'json': {
      const [{ checkBody }, { renderJson }] = [await import('./check-body.ts'), await import('../words/json.ts')];
      return { state, output: renderJson(message, 'check', checkBody(evaluated)) };
    }
  }
}

function fail(text: string, format: Format): Promise<Outcome> {
  return rendered(plain('unknown', text), format);
}
