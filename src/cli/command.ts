import { Option, type Command } from 'commander';
import { writeSync } from 'node:fs';
import {
  ConfigError,
  coreCount,
  toolVersion,
  writeEnvironment,
  type Counts,
  type ProgressEvent,
  type WarningEvent,
} from '../core/index.js';
import { exitCodes, explainError, stopCodes } from './exit.js';
import { createTerminal, type ProgressStyle, type Terminal } from './terminal.js';

/** Options that every command takes. */
export interface CommonOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly seed: number;
  readonly workers: number;
  readonly limit?: number;
  readonly part?: { readonly index: number; readonly count: number };
  readonly plan?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly progress: ProgressStyle;
}

/** What a command's body is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly onEvent: (event: ProgressEvent | WarningEvent) => void;
  /** Aborts on the first Ctrl-C, SIGTERM or SIGUSR1. */
  readonly stop: AbortSignal;
  readonly now: () => Date;
}

/** How a command ended. */
export interface CommandOutcome {
  readonly counts: Counts;
  readonly outputs: readonly string[];
  /** The result for people, on stdout. */
  readonly text: string;
  /** Further members of the `--json` object: `digest`, `metrics`, …. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Default: 3 with failures, 0 without. */
  readonly exitCode?: number;
}

/** Adds the options that every command takes. */
export function addCommonOptions(command: Command): Command {
  return command
    .option('--config <file>', 'YAML file with the settings')
    .option('--set <key=value>', 'overrides one setting; may be repeated', collect, [] as string[])
    .option('--seed <n>', 'seed of all randomness', parseWhole('--seed', 0), 1)
    .option('--workers <n>', 'worker processes', parseWhole('--workers', 1), coreCount())
    .option('--limit <n>', 'only the first N units', parseWhole('--limit', 1))
    .option('--part <i/n>', 'a fixed share of the work, from 1/N to N/N', parsePart)
    .option('--plan', 'says what would be done, and does not do it')
    .option('--json', 'one JSON object on stdout')
    .option('--quiet', 'no progress')
    .option('--verbose', 'more on stderr')
    .addOption(
      new Option('--progress <style>', 'how progress is shown').choices(['auto', 'json', 'none']).default('auto'),
    );
}

/** Commands that may take long enough to be planned first. */
const plannedCommands: ReadonlySet<string> = new Set(['ingest', 'mine', 'train', 'eval']);

/** Runs a command's body: signals, progress, result, errors, exit code. */
export async function runCommand(
  name: string,
  options: CommonOptions,
  body: (context: CommandContext) => Promise<CommandOutcome>,
): Promise<never> {
  const started = performance.now();
  const terminal = createTerminal(process.stderr, {
    style: options.quiet === true ? 'none' : options.progress,
    verbose: options.verbose === true,
    now: () => performance.now(),
  });
  if (options.verbose === true) writeEnvironment('TF_CPP_MIN_LOG_LEVEL', '0');
  const stop = listenForStop(terminal);
  const envelope = (ok: boolean) => ({
    command: name,
    version: toolVersion(),
    ok,
    seconds: (performance.now() - started) / 1000,
  });
  let exitCode: number;
  try {
    if (options.plan === true && !plannedCommands.has(name)) {
      throw new ConfigError(`${name} has no --plan: ${[...plannedCommands].join(', ')} have one.`);
    }
    const outcome = await body({
      terminal,
      onEvent: (event) => terminal.show(event),
      stop: stop.signal,
      now: () => new Date(),
    });
    terminal.close();
    exitCode = stop.exitCode() ?? outcome.exitCode ?? (outcome.counts.failed > 0 ? exitCodes.failures : exitCodes.done);
    const ok = exitCode === exitCodes.done || exitCode === exitCodes.failures;
    if (options.json === true) {
      const { seconds, ...head } = envelope(ok);
      writeOut(
        `${JSON.stringify({ ...head, counts: outcome.counts, seconds, outputs: outcome.outputs, ...outcome.more })}\n`,
      );
    } else writeOut(`${outcome.text}\n`);
  } catch (error) {
    terminal.close();
    const report = explainError(error, options.verbose === true);
    exitCode = stop.exitCode() ?? report.exitCode;
    if (options.json === true) {
      writeOut(
        `${JSON.stringify({ ...envelope(false), counts: { done: 0, skipped: 0, failed: 0 }, outputs: [], error: report.error })}\n`,
      );
    }
    process.stderr.write(`${report.text}\n`);
  }
  process.exit(exitCode);
}

/** Parses `I/N` with 1 ≤ I ≤ N into a 0-based index. */
export function parsePart(text: string): { readonly index: number; readonly count: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || index < 1 || index > count)
    throw new ConfigError(`--part takes I/N with I from 1 to N, got ${JSON.stringify(text)}.`);
  return { index: index - 1, count };
}

/** A commander parser for whole numbers. */
export function parseWhole(option: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new ConfigError(`${option} takes a whole number from ${least}, got ${JSON.stringify(text)}.`);
    }
    return value;
  };
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function listenForStop(terminal: Terminal): { readonly signal: AbortSignal; readonly exitCode: () => number | null } {
  const controller = new AbortController();
  let code: number | null = null;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGUSR1'] as const) {
    process.on(name, () => {
      if (code !== null && name === 'SIGINT') process.exit(exitCodes.interrupted);
      if (code !== null) return;
      code = stopCodes[name] ?? exitCodes.interrupted;
      terminal.log(
        `${name}: finishing the unit in hand and saving${name === 'SIGINT' ? '; again to stop at once' : ''}.`,
      );
      controller.abort(name);
    });
  }
  return { signal: controller.signal, exitCode: () => code };
}

/** Whole text on stdout before the process ends, pipes included. */
function writeOut(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
    }
  }
}
