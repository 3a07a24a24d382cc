// The check: acquire one table, evaluate it, present line, perfdata and long output.

import type { Command } from '../cli/flags.ts';
import type { CheckOptions, Format } from '../cli/options.ts';
import { objectCost } from '../evaluate/footprint.ts';
import { judge } from '../evaluate/judge.ts';
import { allEntries, type Measurements, measure } from '../evaluate/measure.ts';
import { type State, worst } from '../evaluate/state.ts';
import type { Facts } from '../facts.ts';
import { acquire } from '../kernel/acquire.ts';
import { readConfiguration } from '../kernel/configuration.ts';
import { type Deadline, openRoot, type Root } from '../kernel/root.ts';
import { faultWords } from '../present/faults.ts';
import { statusLine, tableText } from '../present/line.ts';
import { fitOutput } from '../present/output.ts';
import { perfdata } from '../present/perfdata.ts';
import type { Figures } from '../present/told.ts';
import type { DriftReport } from './drift.ts';
import type { LookBack } from './look-back.ts';
import type { Elsewhere } from './sweep.ts';

/** What a command leaves for the process to print and to exit with. */
export interface Outcome {
  readonly state: State;
  readonly output: string;
}

/** Everything that is said: line 1's text, its perfdata, and the long output that `-v` asks for. */
interface Report {
  readonly state: State;
  readonly text: string;
  readonly perfdata: readonly string[];
  readonly details: readonly string[];
  /** What other formats are made of, where there is a table. */
  readonly figures?: Figures;
}

export async function check(options: CheckOptions, deadline: Deadline): Promise<Outcome> {
  const { format, verbosity } = options;
  const opened = openRoot(options.root, deadline);
  if ('fault' in opened) return failure(faultWords(opened.fault), format);
  const { root } = opened;
  const made = await reportOn(root, options);
  const late = root.late();
  const report = late === undefined ? made : plain('unknown', faultWords(late));
  const attempts =
    verbosity > 1 ? (await import('../present/details.ts')).attemptLines(root.attempts, verbosity > 2) : [];
  return printed({ ...report, details: [...report.details, ...attempts] }, format);
}

async function reportOn(root: Root, options: CheckOptions): Promise<Report> {
  const acquired = acquire(root, showsMachine(options));
  switch (acquired.kind) {
    case 'absent':
      return plain(options.absent, 'no connection tracking visible here');
    case 'fault':
      return plain('unknown', faultWords(acquired.fault));
    case 'table':
      return options.netns === 'all'
        ? everywhereReport(root, acquired.facts, options)
        : tableReport(root, acquired.facts, options);
  }
}

async function everywhereReport(root: Root, facts: Facts, options: CheckOptions): Promise<Report> {
  const { lookElsewhere } = await import('./sweep.ts');
  const elsewhere = lookElsewhere(root, facts, options);
  if ('fault' in elsewhere) return plain('unknown', faultWords(elsewhere.fault));
  return tableReport(root, facts, options, elsewhere);
}

// Buckets and RAM are for these alone.
function showsMachine({ verbosity, thresholds, format }: CheckOptions): boolean {
  return (
    verbosity > 0 ||
    format !== 'nagios' ||
    thresholds.load_factor !== undefined ||
    thresholds.memory_share !== undefined
  );
}

async function tableReport(root: Root, facts: Facts, options: CheckOptions, elsewhere?: Elsewhere): Promise<Report> {
  const { thresholds, objectSize, verbosity } = options;
  const past = await recall(root, facts, options);
  const drift = await compareLimit(root, facts, verbosity > 0);

  const cost = objectCost(facts, objectSize);
  const sweep = elsewhere?.everywhere.sweep;
  const measurements: Measurements = { ...measure(facts, cost, sweep), ...past?.trend.measured };
  const verdict = judge(measurements, thresholds, drift?.kind === 'below' ? options.drift : undefined);

  const origin = cost.ok ? cost.value.origin : undefined;
  const losses = past?.trend.losses;
  const here = { facts, measurements, verdict, origin, drift: drift?.words ?? '', losses };
  const told = elsewhere === undefined ? undefined : (await import('./sweep.ts')).tellEverywhere(here, elsewhere);
  const state = worst([verdict.state, elsewhere?.state ?? 'ok']);
  const data = perfdata(measurements, thresholds, facts.max);
  const figures = { here, thresholds, cost, everywhere: elsewhere?.everywhere };
  const text = [told?.text ?? tableText(here), drift?.unjudged].filter(Boolean).join('; ');
  const report = { state, text, perfdata: data, details: [], figures };
  if (verbosity === 0) return report;
  const { tableDetails } = await import('../present/details.ts');
  const entries = allEntries(facts, sweep);
  const ours = tableDetails({ facts, entries, cost, measurements, thresholds, past });
  return { ...report, details: [...(told?.details ?? []), ...ours, ...(drift?.details ?? [])] };
}

// Most machines configure no limit; then there is nothing to compare, and nothing to load for it.
async function compareLimit(root: Root, facts: Facts, verbose: boolean): Promise<DriftReport | undefined> {
  if (!facts.initialNamespace) return undefined;
  const configuration = readConfiguration(root);
  const { sysctl, hashsizes, faults } = configuration;
  if (sysctl.length + hashsizes.length + faults.length === 0) return undefined;
  const { reportDrift } = await import('./drift.ts');
  return reportDrift(root, facts, configuration, verbose);
}

async function recall(root: Root, facts: Facts, options: CheckOptions): Promise<LookBack | undefined> {
  const { stateDir, windowSeconds } = options;
  if (stateDir === undefined) return undefined;
  const { lookBack } = await import('./look-back.ts');
  return lookBack(root, facts, stateDir, windowSeconds);
}

function plain(state: State, text: string): Report {
  return { state, text, perfdata: [], details: [] };
}

async function printed({ state, text, perfdata, details, figures }: Report, format: Format): Promise<Outcome> {
  if (format === 'nagios') return { state, output: fitOutput(statusLine(state, text), perfdata, details) };
  const { renderDocument } = await import('../present/documents.ts');
  return { state, output: renderDocument(format, 'check', { state, text, details, figures }) };
}

/** What is told where there is nothing but a failure, in the form that was asked for. */
export async function failure(text: string, format: Format, command: Command = 'check'): Promise<Outcome> {
  const report = plain('unknown', text);
  if (format === 'nagios') return printed(report, format);
  const { renderDocument } = await import('../present/documents.ts');
  return { state: 'unknown', output: renderDocument(format, command, { ...report, figures: undefined }) };
}
