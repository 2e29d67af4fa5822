import { Option, type Command } from 'commander';
import { loadConfig } from '../../core/index.js';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';
import { exitCodes } from '../exit.js';
import { describeCounts, describeFailures, formatBytes } from '../text.js';

interface IngestCommandOptions extends CommonOptions {
  readonly corpus: string;
  readonly decoder: string;
}

/** `reelmine ingest SOURCE... --corpus DIR`. */
export default function addIngest(program: Command): void {
  addCommonOptions(
    program
      .command('ingest')
      .description('reads videos into a corpus: probes, finds shots, and writes down what cannot be used and why')
      .argument('<source...>', 'file, folder, list.txt, ucf101:DIR, synthetic:SEED, …')
      .requiredOption('--corpus <dir>', 'folder of the corpus; ingesting again goes on where it stopped')
      .addOption(new Option('--decoder <name>', 'libav, ffmpeg or auto').default('auto')),
  ).action((sources: string[], options: IngestCommandOptions) =>
    runCommand('ingest', options, async ({ onEvent, stop }) => {
      const { ingest, ingestConfig, planIngest, runJob } = await import('../../index.js');
      const { config } = loadConfig(ingestConfig, { file: options.config, set: options.set });
      if (options.plan === true) {
        const plan = await planIngest({ ...options, sources });
        const aside = `${plan.ignored} other files ignored, ${plan.absent} absent`;
        return {
          counts: { done: 0, skipped: plan.files, failed: 0 },
          outputs: [],
          text: `would read ${plan.files} videos, ${formatBytes(plan.bytes)}; ${aside}`,
          more: { plan },
        };
      }
      const result = await runJob(ingest({ ...options, sources, config }, stop), onEvent);
      const nothing = result.counts.done === 0 && result.counts.skipped === 0 && result.counts.failed > 0;
      return {
        counts: result.counts,
        outputs: [options.corpus],
        text: [
          `${options.corpus}: ${describeCounts(result.counts, 'videos')}; digest ${result.digest}`,
          ...describeFailures(result.failures),
        ].join('\n'),
        more: { digest: result.digest },
        ...(nothing ? { exitCode: exitCodes.nothing } : {}),
      };
    }),
  );
}
