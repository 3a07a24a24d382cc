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
import { attemptLines, tableDetails } from '../present/details.ts' with { type: 'lazy' };
import { renderDocument } from '../present/documents.ts' with { type: 'rare' };
import { faultWords } from '../present/faults.ts';
import { statusLine, tableText } from '../present/line.ts';
import { fitOutput } from '../present/output.ts';
import { perfdata } from '../present/perfdata.ts';
import type { Figures } from '../present/told.ts';
import { type DriftReport, reportDrift } from './drift.ts' with { type: 'lazy' };
import { type LookBack, lookBack } from './look-back.ts' with { type: 'lazy' };
import { type Elsewhere, lookElsewhere, tellEverywhere } from './sweep.ts' with { type: 'rare' };

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

export function check(options: CheckOptions, deadline: Deadline): Outcome {
  const { format } = options;
  const opened = openRoot(options.root, deadline);
  if ('fault' in opened) return failure(faultWords(opened.fault), format);
  const { root } = opened;
  const report = reportOn(root, options);
  const attempts = options.verbosity > 1 ? attemptDetails(root, options.verbosity) : [];
  return printed({ ...report, details: [...report.details, ...attempts] }, format);
}

function reportOn(root: Root, options: CheckOptions): Report {
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

function everywhereReport(root: Root, facts: Facts, options: CheckOptions): Report {
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

function tableReport(root: Root, facts: Facts, options: CheckOptions, elsewhere?: Elsewhere): Report {
  const { thresholds, objectSize, verbosity } = options;
  const past = recall(root, facts, options);
  const drift = compareLimit(root, facts, verbosity > 0);

  const cost = objectCost(facts, objectSize);
  const sweep = elsewhere?.everywhere.sweep;
  const measurements: Measurements = { ...measure(facts, cost, sweep), ...past?.trend.measured };
  const verdict = judge(measurements, thresholds, drift?.kind === 'below' ? options.drift : undefined);

  const origin = cost.ok ? cost.value.origin : undefined;
  const losses = past?.trend.losses;
  const here = { facts, measurements, verdict, origin, drift: drift?.words ?? '', losses };
  const told = elsewhere === undefined ? { text: tableText(here), details: [] } : tellEverywhere(here, elsewhere);
  const state = worst([verdict.state, elsewhere?.state ?? 'ok']);
  const data = perfdata(measurements, thresholds, facts.max);
  const figures = { here, thresholds, cost, everywhere: elsewhere?.everywhere };
  const report = { state, text: told.text, perfdata: data, details: [], figures };
  if (verbosity === 0) return report;
  const entries = allEntries(facts, sweep);
  const ours = tableDetails({ facts, entries, cost, measurements, thresholds, past });
  return { ...report, details: [...told.details, ...ours, ...(drift?.details ?? [])] };
}

// Most machines configure no limit; then there is nothing to compare, and nothing to load for it.
function compareLimit(root: Root, facts: Facts, verbose: boolean): DriftReport | undefined {
  if (!facts.initialNamespace) return undefined;
  const configuration = readConfiguration(root);
  const { sysctl, modprobe, commandLine, faults } = configuration;
  if ([...sysctl, ...modprobe, ...commandLine, ...faults].length === 0) return undefined;
  return reportDrift(root, facts, configuration, verbose);
}

function recall(root: Root, facts: Facts, options: CheckOptions): LookBack | undefined {
  const { stateDir, windowSeconds } = options;
  if (stateDir === undefined) return undefined;
  return lookBack(root, facts, stateDir, windowSeconds);
}

function attemptDetails({ attempts }: Root, verbosity: number): readonly string[] {
  return attemptLines(attempts, verbosity > 2);
}

function plain(state: State, text: string): Report {
  return { state, text, perfdata: [], details: [] };
}

function printed({ state, text, perfdata, details, figures }: Report, format: Format): Outcome {
  if (format === 'nagios') return { state, output: fitOutput(statusLine(state, text), perfdata, details) };
  return { state, output: renderDocument(format, 'check', { state, text, details, figures }) };
}

/** What is told where there is nothing but a failure, in the form that was asked for. */
export function failure(text: string, format: Format, command: Command = 'check'): Outcome {
  const report = plain('unknown', text);
  if (format === 'nagios') return printed(report, format);
  return { state: 'unknown', output: renderDocument(format, command, { ...report, figures: undefined }) };
}
