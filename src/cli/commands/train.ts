import { Option, type Command } from 'commander';
import { formatBytes, type ProgressEvent, type WarningEvent } from '../../core/index.js';
import type { TrainPlan, TrainSummary } from '../../index.js';
import { addCommonOptions, runCommand, type CommandContext, type CommonOptions } from '../command.js';
import { formatSeconds, formatTable } from '../terminal.js';
import { createTrainingTable } from '../training-table.js';

interface TrainCommandOptions extends CommonOptions {
  readonly data: string;
  readonly out: string;
  readonly val?: string;
  readonly resume?: boolean;
  readonly init?: string;
  readonly engine: string;
}

/** `reelmine train TASK --data DIR --out DIR`. */
export default async function addTrain(program: Command, isAsked: boolean): Promise<void> {
  const known = isAsked ? (await import('../../models/index.js')).tasks.names.join(', ') : 'shuffle-and-learn, …';
  addCommonOptions(
    program
      .command('train')
      .description('trains a pretext task on a mined dataset')
      .argument('<task>', `one of ${known}`)
      .requiredOption('--data <dir>', 'what mine made')
      .requiredOption('--out <dir>', 'folder of the run')
      .option(
        '--val <dir>',
        'dataset to validate on; else validationShare of the groups is held out from 10 sources up',
      )
      .option('--resume', 'goes on exactly from the last checkpoint, or starts from the beginning')
      .option('--init <run>', "starts from another run's matching weights, or from a safetensors file")
      .addOption(new Option('--engine <name>', 'tensorflow, wasm, cpu or auto').default('auto')),
  ).action((task: string, options: TrainCommandOptions) =>
    runCommand('train', options, async (context) => {
      const { planTraining, runJob, train } = await import('../../index.js');
      const { config: file, ...rest } = options;
      if (options.plan === true) {
        const { parameters, flops, digest, ...plan } = await planTraining({ ...rest, task, file }, context.stop);
        return {
          counts: { done: 0, skipped: plan.config.steps, failed: 0 },
          outputs: [],
          text: describePlan(task, { parameters, flops, digest, ...plan }),
          more: { parameters, flops, digest, plan },
        };
      }
      const { terminal, stop } = context;
      const settings = { ...rest, task, file, resume: options.resume === true };
      const job = train({ ...settings, onBackend: (line) => terminal.log(line) }, stop);
      const result = await runJob(job, showTraining(context, options));
      return {
        counts: { done: result.steps, skipped: 0, failed: 0 },
        outputs: [options.out],
        text: describeResult(options.out, result),
        more: { digest: result.dataDigest, ...result },
      };
    }),
  );
}

/** A live table on a terminal, plain lines elsewhere. */
function showTraining(
  { onEvent, stop }: CommandContext,
  { quiet, progress }: CommonOptions,
): (event: ProgressEvent | WarningEvent) => void {
  if (quiet === true || progress !== 'auto' || !process.stderr.isTTY) return onEvent;
  const table = createTrainingTable(process.stderr, () => performance.now());
  stop.addEventListener('abort', () => table.release());
  return (event) => {
    if (event.kind === 'progress') {
      table.show(event);
      return;
    }
    table.release();
    onEvent(event);
  };
}

function describePlan(task: string, plan: TrainPlan): string {
  const { config, parameters, flops, samples, epochs, network, estimate, measured, bytes } = plan;
  const { steps, batchSize, accumulateSteps, keepCheckpoints } = config;
  const perStep = accumulateSteps === 1 ? String(batchSize) : `${accumulateSteps} × ${batchSize}`;
  const size = `${parameters.toLocaleString('en')} parameters`;
  const work = flops === null ? '' : `, ${formatFlops(3 * flops * batchSize * accumulateSteps)} operations a step`;
  const time =
    estimate.seconds === null || estimate.secondsPerStep === null
      ? 'the data end before an update could be measured'
      : `about ${formatSeconds(estimate.seconds)} on this machine without validation: ${(1000 * estimate.secondsPerStep).toPrecision(3)} ms a step${work}, measured on ${measured}`;
  const lines = [
    `would train ${task} (${size}) for ${steps} steps of ${perStep} on ${samples} samples, ${epochs.toFixed(1)} epochs`,
    `  ${time}`,
    `  ${formatBytes(bytes.data)} of data to read, ${formatBytes(bytes.checkpoints)} for ${keepCheckpoints} checkpoints and the best, ${formatBytes(bytes.resident)} of memory`,
  ];
  if (!network || flops === null) return lines.join('\n');
  const rows = network.map((layer) => [
    layer.name,
    layer.kind,
    layer.output.join('×'),
    layer.parameters.toLocaleString('en'),
    formatFlops(layer.flops),
  ]);
  const total = ['total', '', '', parameters.toLocaleString('en'), formatFlops(flops)];
  return [formatTable([['layer', 'kind', 'output', 'parameters', 'operations'], ...rows, total]), ...lines].join('\n');
}

function describeResult(out: string, result: TrainSummary): string {
  const { finished, stoppedEarly, steps, loss, engine, mode, modeReason, profile } = result;
  const ended = stoppedEarly ? 'stopped early' : finished ? 'finished' : 'stopped';
  const losses = loss === null ? '' : `, loss ${loss.toPrecision(5)}`;
  const lines = [`${out}: ${ended} at step ${steps}${losses}; engine ${engine}`];
  if (mode !== null) {
    const why = mode === 'eager' && modeReason !== null ? ` (${modeReason})` : '';
    const rate = result.flopsPerSecond === null ? '' : `, ${formatFlops(result.flopsPerSecond)} operations/s`;
    lines.push(
      `steps: ${mode}${why}; ${result.samplesPerSecond.toPrecision(3)} samples/s${rate}, ${(result.dataWaitShare * 100).toFixed(1)} % waiting for data`,
    );
  }
  if (profile) {
    const ms = (value: number) => `${value.toPrecision(3)} ms`;
    lines.push(
      `one batch: forward ${ms(profile.forwardMs)}, backward ${ms(profile.backwardMs)}, update ${ms(profile.updateMs)}`,
    );
  }
  return lines.join('\n');
}

/** `1.45 G`. */
function formatFlops(flops: number): string {
  const [unit, size] = (
    [
      [' T', 1e12],
      [' G', 1e9],
      [' M', 1e6],
      [' k', 1e3],
    ] as const
  ).find(([, least]) => flops >= least) ?? ['', 1];
  return `${(flops / size).toPrecision(3)}${unit}`;
}
