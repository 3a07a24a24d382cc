// The check: acquire, recall, evaluate, render as line, perfdata and long output, or as a document.

import type { CheckOptions, Format } from '../cli/options.ts';
import type { Outcome, Program, RecordIncidents } from '../cli/program.ts';
import { type Evaluation, evaluate, type Histories } from '../evaluate/evaluate.ts';
import type { State } from '../evaluate/state.ts';
import { acquire, type Wanted } from '../kernel/acquire.ts';
import { type Deadline, openRoot, type Root } from '../kernel/root.ts';
import type { Observation } from '../model/observation.ts';
import type { Identities } from '../model/table.ts';
import { faultWords } from '../words/faults.ts';
import { historyFaultClause, statusLine, tableText } from '../words/line.ts';
import type { Message } from '../words/message.ts';
import { fitOutput } from './output.ts';
import { perfdataOf } from './perfdata.ts';

const NO_PAST: Histories = new Map();
const NOBODY: Identities = new Map();

export const checkCommand: Program<CheckOptions> = { run: runCheck, fail: failCheck };

async function runCheck(options: CheckOptions, deadline: Deadline, record: RecordIncidents): Promise<Outcome> {
  const opened = openRoot(options.root, deadline);
  if ('fault' in opened) return failCheck(faultWords(opened.fault), options.format);
  const { root } = opened;
  const { message: judged, histories } = await lookAndJudge(root, options);
  const late = root.late();
  const verdict = late === undefined ? judged : plainMessage('unknown', faultWords(late));
  const message = options.record ? await recordedMessage(root, verdict, histories, options, record) : verdict;
  return rendered(
    { ...message, details: [...message.details, ...(await attemptDetails(root, options))] },
    options.format,
  );
}

/** A verdict, and the history it was compared with. */
interface JudgedCheck {
  readonly message: Message;
  readonly histories: Histories;
}

async function lookAndJudge(root: Root, options: CheckOptions): Promise<JudgedCheck> {
  const withoutPast = (state: State, text: string) => ({ message: plainMessage(state, text), histories: NO_PAST });
  const observed = await acquire(root, wantedBy(options));
  if (observed.kind === 'absent') return withoutPast(options.absent, 'no connection tracking visible here');
  if (observed.kind === 'fault') return withoutPast('unknown', faultWords(observed.fault));
  const { observation } = observed;
  const { visibility } = observation;
  if (visibility?.ok === false) return withoutPast('unknown', faultWords(visibility.fault));
  const histories = await recallHistories(root, observation, options);
  const evaluation = evaluate(observation, histories, options);
  return { message: await messageOf(root, evaluation, histories, options), histories };
}

// Runs after the verdict, which does not depend on it.
async function recordedMessage(
  root: Root,
  message: Message,
  histories: Histories,
  options: CheckOptions,
  record: RecordIncidents,
): Promise<Message> {
  if (message.evaluated === undefined) return message;
  const { recordTables } = await import('./record-tables.ts');
  const { text, incidents } = await recordTables(root, message.evaluated.evaluation, histories, options, record);
  const failed = text === undefined ? '' : `; no history: incident not recorded: ${text}`;
  return { ...message, text: message.text + failed, incidents };
}

// -v does not change line 1 or performance data, so the check never reads rules and listeners, which take long.
function wantedBy({ verbosity, thresholds, format, netns, stateDir }: CheckOptions): Wanted {
  const { load_factor: load, memory_share: share } = thresholds;
  const shown = verbosity > 0 || format !== 'nagios';
  return {
    machine: shown || load !== undefined || share !== undefined ? 'sizes' : 'least',
    namespaces: netns === 'all',
    clock: stateDir !== undefined,
    configuration: true,
    evidence: verbosity > 0 ? 'for drift' : 'never',
  };
}

// Loaded only with a state directory.
async function recallHistories(root: Root, observation: Observation, options: CheckOptions): Promise<Histories> {
  const { stateDir, windowSeconds } = options;
  if (stateDir === undefined) return NO_PAST;
  const { recallTables } = await import('./recall.ts');
  return recallTables(root, observation, stateDir, windowSeconds);
}

async function messageOf(root: Root, evaluation: Evaluation, histories: Histories, options: CheckOptions) {
  const { state } = evaluation;
  const swept = options.netns === 'all' ? await sweptWords(root, evaluation, options) : undefined;
  const evaluated = swept?.evaluated ?? { evaluation, identities: NOBODY };
  const own = histories.get(evaluation.results[0].table.key);
  const text = (swept?.text ?? tableText(evaluation)) + historyFaultClause(evaluation, own);
  if (options.verbosity === 0) return { state, text, details: [], evaluated };
  const { tableDetails } = await import('../words/details.ts');
  const { driftDetails } = await import('../words/drift-words.ts');
  const ours = tableDetails(evaluation, own);
  const details = [...(swept?.details ?? []), ...ours, ...driftDetails(evaluation)];
  return { state, text, details, evaluated };
}

async function sweptWords(root: Root, evaluation: Evaluation, options: CheckOptions) {
  const { everywhereDetails, everywhereText, identitiesTold } = await import('./everywhere.ts');
  const evaluated = { evaluation, identities: identitiesTold(root, evaluation, options) };
  return { evaluated, text: everywhereText(evaluated), details: everywhereDetails(evaluated) };
}

async function attemptDetails(root: Root, { verbosity }: CheckOptions): Promise<readonly string[]> {
  if (verbosity < 2) return [];
  const { attemptLines } = await import('../words/details.ts');
  return attemptLines(root.attempts, verbosity > 2);
}

function plainMessage(state: State, text: string): Message {
  return { state, text, details: [], evaluated: undefined };
}

async function rendered(message: Message, format: Format): Promise<Outcome> {
  const { state, text, details, evaluated } = message;
  switch (format) {
    case 'nagios':
    case 'text': {
      const data = evaluated === undefined ? [] : perfdataOf(evaluated.evaluation.results[0]);
      return { state, output: fitOutput(statusLine(state, text), data, details) };
    }
    case 'prometheus': {
      const { renderPrometheus } = await import('./prometheus.ts');
      return { state, output: renderPrometheus(message) };
    }
    case 'json': {
      const { checkBody } = await import('./check-body.ts');
      const { renderJson } = await import('../words/json.ts');
      return { state, output: renderJson(message, 'check', checkBody(evaluated)) };
    }
  }
}

function failCheck(text: string, format: Format): Promise<Outcome> {
  return rendered(plainMessage('unknown', text), format);
}
