import { Option, type Command } from 'commander';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';

interface TrainCommandOptions extends CommonOptions {
  readonly data: string;
  readonly out: string;
  readonly val?: string;
  readonly resume?: boolean;
  readonly init?: string;
  readonly engine: string;
}

/** `reelmine train TASK --data DIR --out DIR`. */
export default function addTrain(program: Command): void {
  addCommonOptions(
    program
      .command('train')
      .description('trains a pretext task on a mined dataset')
      .argument('<task>', 'shuffle-and-learn')
      .requiredOption('--data <dir>', 'what mine made')
      .requiredOption('--out <dir>', 'folder of the run')
      .option('--val <dir>', 'dataset to validate on; else a tenth of the groups is held out from 10 sources up')
      .option('--resume', 'goes on exactly from the last checkpoint, or starts from the beginning')
      .option('--init <run>', "starts from another run's weights")
      .addOption(new Option('--engine <name>', 'tensorflow, wasm, cpu or auto').default('auto')),
  ).action((task: string, options: TrainCommandOptions) =>
    runCommand('train', options, async ({ onEvent, stop, terminal }) => {
      const { planTraining, runJob, train } = await import('../../index.js');
      const { config: file, ...rest } = options;
      if (options.plan === true) {
        const { parameters, digest, ...plan } = await planTraining({ ...rest, task, file });
        const { steps, batchSize } = plan.config;
        const size = `${parameters.toLocaleString('en')} parameters`;
        return {
          counts: { done: 0, skipped: steps, failed: 0 },
          outputs: [],
          text: `would train ${task} (${size}) for ${steps} steps of ${batchSize} on ${plan.samples} samples, ${plan.epochs.toFixed(1)} epochs`,
          more: { parameters, digest, plan },
        };
      }
      const result = await runJob(
        train({ ...rest, task, file, resume: options.resume === true, onBackend: (line) => terminal.log(line) }, stop),
        onEvent,
      );
      const losses = result.loss === null ? '' : `, loss ${result.loss.toPrecision(5)}`;
      return {
        counts: { done: result.steps, skipped: 0, failed: 0 },
        outputs: [options.out],
        text: `${options.out}: ${result.finished ? 'finished' : 'stopped'} at step ${result.steps}${losses}; engine ${result.engine}`,
        more: { digest: result.dataDigest, ...result },
      };
    }),
  );
}
