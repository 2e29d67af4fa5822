import { Option, type Command } from 'commander';
import { ConfigError, formatBytes } from '../../core/index.js';
import { addCommonOptions, parseWhole, runCommand, type CommonOptions } from '../command.js';
import { formatSeconds } from '../terminal.js';
import { describeCounts, describeFailures } from '../text.js';

interface MineCommandOptions extends CommonOptions {
  readonly corpus: string;
  readonly out: string;
  readonly decoder: string;
  readonly split?: number;
  readonly role: 'train' | 'test';
}

/** `reelmine mine SIGNAL[,SIGNAL...] --corpus DIR --out DIR`. */
export default async function addMine(program: Command, isAsked: boolean): Promise<void> {
  const known = isAsked ? (await import('../../mining/index.js')).miners.names.join(', ') : 'temporal-order, …';
  addCommonOptions(
    program
      .command('mine')
      .description('mines training signal from a corpus into LMDB shards; running again goes on where it stopped')
      .argument('<signals>', `one or more, with commas between: ${known}`)
      .requiredOption('--corpus <dir>', 'what ingest made')
      .requiredOption('--out <dir>', 'folder of the dataset; with several signals a folder each below it')
      .addOption(new Option('--decoder <name>', 'libav, ffmpeg or auto').default('auto'))
      .option('--split <n>', 'only sources of this official split', parseWhole('--split', 1))
      .addOption(new Option('--role <role>', 'which part of the split').choices(['train', 'test']).default('train')),
  ).action((list: string, options: MineCommandOptions) =>
    runCommand('mine', options, async ({ onEvent, stop }) => {
      const { mine, planMining, runJob } = await import('../../index.js');
      const signals = list.split(',').filter((name) => name !== '');
      if (signals.length === 0) throw new ConfigError('Name at least one signal.');
      const { config: file, ...rest } = options;
      if (options.plan === true) {
        const plan = await planMining({ ...rest, signals, file });
        const { seconds, samples, bytes } = plan.estimate;
        const measured = `about ${formatSeconds(seconds)}, ${samples} samples, ${formatBytes(bytes)}, by ${plan.measured} videos that were tried`;
        return {
          counts: { done: 0, skipped: plan.sources, failed: 0 },
          outputs: [],
          text: [
            `would mine ${list} from ${plan.sources} videos, ${plan.shots} shots, ${formatSeconds(plan.videoSeconds)} of video: ${measured}`,
            ...plan.signals.map((each) => `  ${each.name}: ${each.samples} samples, ${formatBytes(each.bytes)}`),
          ].join('\n'),
          more: { plan },
        };
      }
      const result = await runJob(mine({ ...rest, signals, file }, stop), onEvent);
      const lines = Object.entries(result.signals).map(([name, { summary, counts }]) =>
        summary
          ? `${name}: ${summary.samples} samples of ${summary.sources} sources in ${summary.units} shots, ${formatBytes(summary.bytes)}; digest ${summary.digest}\n` +
            `  refused: ${
              Object.entries(summary.rejections)
                .map(([code, count]) => `${count} ${code}`)
                .join(', ') || 'nothing'
            }`
          : `${name}: stopped, ${describeCounts(counts, 'shots')}; run the same command again to go on`,
      );
      const signalsJson = Object.fromEntries(
        Object.entries(result.signals).map(([name, { summary, counts }]) => [
          name,
          {
            digest: summary?.digest ?? null,
            counts: { ...counts, ...(summary ? { samples: summary.samples } : {}) },
            rejections: summary?.rejections ?? {},
          },
        ]),
      );
      const only = signals.length === 1 ? result.signals[signals[0] ?? ''] : undefined;
      return {
        counts: { ...result.counts, ...(only?.summary ? { samples: only.summary.samples } : {}) },
        outputs: result.outputs,
        text: [...lines, ...describeFailures(result.failures)].join('\n'),
        more: {
          framesDecoded: result.framesDecoded,
          framesSought: result.framesSought,
          ...(only ? { digest: only.summary?.digest ?? null, rejections: only.summary?.rejections ?? {} } : {}),
          signals: signalsJson,
        },
      };
    }),
  );
}
