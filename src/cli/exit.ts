import { ConfigError, PipelineError, StoppedError } from '../core/index.js';

/** Exit codes of every command, as the contract lists them. */
export const exitCodes = {
  done: 0,
  usage: 1,
  nothing: 2,
  failures: 3,
  bug: 70,
  requeue: 75,
  interrupted: 130,
  terminated: 143,
} as const;

/** Why a command was asked to stop, by signal: the exit code it then ends with. */
export const stopCodes: Readonly<Record<string, number>> = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGUSR1: exitCodes.requeue,
};

/** Codes of errors that another command line would mend. */
const usageCodes: ReadonlySet<string> = new Set(['missing', 'leak', 'wrong-signal', 'other-spec', 'newer-schema']);

/** An error as users and scripts see it. */
export interface ErrorReport {
  readonly exitCode: number;
  readonly text: string;
  readonly error: { readonly code: string; readonly message: string; readonly context: unknown };
}

/** Turns any error into text, a JSON object and an exit code; the only place that does. */
export function explainError(error: unknown, verbose: boolean): ErrorReport {
  if (error instanceof PipelineError || error instanceof TypeError || error instanceof RangeError) {
    const known = error instanceof PipelineError ? error : null;
    const usage = known === null ? isArgumentError(error) : known instanceof ConfigError || usageCodes.has(known.code);
    if (known !== null || usage) {
      const lines = [`reelmine: ${error.message}`];
      for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
        lines.push(`  because: ${cause.message}`);
      if (verbose && error.stack !== undefined) lines.push(error.stack);
      return {
        exitCode: usage ? exitCodes.usage : known instanceof StoppedError ? exitCodes.interrupted : exitCodes.nothing,
        text: lines.join('\n'),
        error: { code: known?.code ?? 'argument', message: error.message, context: known?.context ?? {} },
      };
    }
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    exitCode: exitCodes.bug,
    text: `reelmine: this is a bug in reelmine; please report it with the lines below.\n${text}`,
    error: { code: 'bug', message: error instanceof Error ? error.message : String(error), context: {} },
  };
}

/** Our own argument checks end in a full stop and say what they got; an engine's TypeError does not. */
function isArgumentError(error: Error): boolean {
  return /, got .*\.$/.test(error.message);
}
