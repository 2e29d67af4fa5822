import { Option, type Command } from 'commander';
import { ConfigError, formatBytes } from '../../core/index.js';
import { addCommonOptions, parseWhole, runCommand, type CommandContext, type CommonOptions } from '../command.js';
import { formatSeconds } from '../terminal.js';
import { describeMetrics } from '../text.js';

interface EvalCommandOptions extends CommonOptions {
  readonly run?: string;
  readonly data?: string;
  readonly signal?: string;
  readonly truth?: string;
  readonly out?: string;
  readonly split: number | readonly number[];
  readonly seeds: number;
  readonly partial?: boolean;
  readonly allowLeak?: boolean;
  readonly decoder: string;
  readonly engine: string;
}

/** `reelmine eval PROTOCOL --run DIR --data SOURCE|DIR`, and `reelmine eval mining --signal S --truth T`. */
export default async function addEval(program: Command, isAsked: boolean): Promise<void> {
  const known = isAsked ? (await import('../../eval/index.js')).evaluators.names.join(', ') : 'action-recognition, …';
  addCommonOptions(
    program
      .command('eval')
      .description('scores a trained model, or a miner itself, beside chance and trivial rivals')
      .argument('<protocol>', `one of ${known}; or mining`)
      .option('--run <dir>', 'the run, or random:TASK for untrained weights, also random:TASK?preset=tiny')
      .option('--data <source>', 'a corpus, a dataset, or a benchmark source such as ucf101:DIR')
      .option('--signal <name>', 'of mining: the miner to score')
      .option('--truth <kind:dir>', 'of mining: boxes:DIR, cuts:DIR or flow:DIR')
      .option('--out <dir>', 'folder of the result; default: results/<protocol> in the run')
      .option('--split <n>', 'official split; several, such as 1,2,3, are averaged', parseSplits, 1)
      .option('--seeds <n>', 'repetitions', parseWhole('--seeds', 1), 3)
      .option('--partial', 'goes on where clips of the official list are not there')
      .option('--allow-leak', 'goes on where the data overlap what was trained on; the result is stamped')
      .addOption(new Option('--decoder <name>', 'libav, ffmpeg or auto').default('auto'))
      .addOption(new Option('--engine <name>', 'tensorflow, wasm, cpu or auto').default('auto')),
  ).action((protocol: string, options: EvalCommandOptions) =>
    runCommand('eval', options, (context) => {
      assertWhole(options);
      return protocol === 'mining' ? evaluateMiner(options, context) : evaluateModel(protocol, options, context);
    }),
  );
}

/** A share of a test list is another test list. */
function assertWhole({ limit, part }: EvalCommandOptions): void {
  const given = limit !== undefined ? '--limit' : part ? '--part' : null;
  if (given !== null)
    throw new ConfigError(
      `eval has no ${given}: figures on a part of a test list compare with none. Give --data a smaller corpus or dataset (ingest and mine take ${given}).`,
    );
}

/** `1` or `1,2,3`. */
function parseSplits(text: string): number | readonly number[] {
  const splits = text.split(',').map(parseWhole('--split', 1));
  return splits.length === 1 ? splits[0]! : splits;
}

async function evaluateModel(
  protocol: string,
  options: EvalCommandOptions,
  { onEvent, stop, terminal }: CommandContext,
) {
  const { evaluate, planEvaluation, runJob } = await import('../../index.js');
  const { config: file, ...rest } = options;
  const run = required('--run', options.run, protocol);
  const data = required('--data', options.data, protocol);
  const asked = { ...rest, run, data, protocol, file, onBackend: (line: string) => terminal.log(line) };
  if (options.plan === true) {
    const plan = await runJob(planEvaluation(asked, stop), onEvent);
    return {
      counts: { done: 0, skipped: 0, failed: 0 },
      outputs: [],
      text: [
        `${plan.units} ${plan.unit}, about ${formatSeconds(plan.seconds)} on this machine`,
        ...(plan.bytes
          ? [
              `  ${formatBytes(plan.bytes.media)} of media to read, ${formatBytes(plan.bytes.scratch)} in temporary files, ${formatBytes(plan.bytes.features)} of features in memory`,
            ]
          : []),
        ...plan.notes.map((note) => `  ${note}`),
      ].join('\n'),
      more: { plan },
    };
  }
  const result = await runJob(evaluate(asked, stop), onEvent);
  return {
    counts: { done: result.metrics.length, skipped: 0, failed: 0 },
    outputs: [result.out],
    text: [
      describeMetrics(result.metrics, result.rivals),
      '',
      ...(result.data.absent > 0 ? [`${result.data.absent} clips of the official list are absent`] : []),
      ...(result.leak === null
        ? []
        : [`${result.leak} of the test videos or groups were trained on: this is no held-out result`]),
      `written to ${result.out}`,
    ].join('\n'),
    more: { metrics: result.metrics, rivals: result.rivals, data: result.data },
  };
}

async function evaluateMiner(options: EvalCommandOptions, { onEvent, stop }: CommandContext) {
  if (options.plan === true) throw new ConfigError('eval mining has no --plan.');
  const { evaluateMining, runJob } = await import('../../index.js');
  const { config: file, out, seed, decoder, set } = options;
  const signal = required('--signal', options.signal, 'mining');
  const truth = required('--truth', options.truth, 'mining');
  const result = await runJob(evaluateMining({ signal, truth, out, seed, decoder, file, set }, stop), onEvent);
  return {
    counts: { done: result.metrics.length, skipped: 0, failed: 0 },
    outputs: out === undefined ? [] : [out],
    text: [
      describeMetrics(result.metrics, result.rivals),
      '',
      out === undefined ? 'written nowhere: --out names a folder for it' : `written to ${out}`,
    ].join('\n'),
    more: { metrics: result.metrics, rivals: result.rivals, data: result.data },
  };
}

function required(option: string, value: string | undefined, protocol: string): string {
  if (value === undefined) throw new ConfigError(`eval ${protocol} needs ${option}.`);
  return value;
}
