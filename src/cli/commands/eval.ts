import { Option, type Command } from 'commander';
import { addCommonOptions, parseWhole, runCommand, type CommonOptions } from '../command.js';
import { describeMetrics } from '../text.js';

interface EvalCommandOptions extends CommonOptions {
  readonly run: string;
  readonly data: string;
  readonly out?: string;
  readonly split: number;
  readonly seeds: number;
  readonly partial?: boolean;
  readonly allowLeak?: boolean;
  readonly decoder: string;
  readonly engine: string;
}

/** `reelmine eval PROTOCOL --run DIR --data SOURCE|DIR`. */
export default function addEval(program: Command): void {
  addCommonOptions(
    program
      .command('eval')
      .description('scores a trained model beside chance, untrained weights and trivial rivals')
      .argument('<protocol>', 'action-recognition, temporal-order')
      .requiredOption('--run <dir>', 'the run, or random:TASK for untrained weights')
      .requiredOption('--data <source>', 'a corpus, a dataset, or a benchmark source such as ucf101:DIR')
      .option('--out <dir>', 'folder of the result; default: results/<protocol> in the run')
      .option('--split <n>', 'official split', parseWhole('--split', 1), 1)
      .option('--seeds <n>', 'repetitions', parseWhole('--seeds', 1), 3)
      .option('--partial', 'goes on where clips of the official list are not there')
      .option('--allow-leak', 'goes on where the data overlap what was trained on; the result is stamped')
      .addOption(new Option('--decoder <name>', 'libav, ffmpeg or auto').default('auto'))
      .addOption(new Option('--engine <name>', 'tensorflow, wasm, cpu or auto').default('auto')),
  ).action((protocol: string, options: EvalCommandOptions) =>
    runCommand('eval', options, async ({ onEvent, stop, terminal }) => {
      const { evaluate, runJob } = await import('../../index.js');
      const { config: file, ...rest } = options;
      const result = await runJob(
        evaluate({ ...rest, protocol, file, onBackend: (line) => terminal.log(line) }, stop),
        onEvent,
      );
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
    }),
  );
}
