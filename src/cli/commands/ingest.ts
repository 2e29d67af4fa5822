import { Option, type Command } from 'commander';
import { ConfigError, formatBytes, loadConfig } from '../../core/index.js';
import type { LeakageReport } from '../../index.js';
import { addCommonOptions, parseWhole, runCommand, type CommonOptions } from '../command.js';
import { exitCodes } from '../exit.js';
import { formatSeconds } from '../terminal.js';
import { describeCounts, describeFailures } from '../text.js';

interface IngestCommandOptions extends CommonOptions {
  readonly corpus: string;
  readonly decoder: string;
  readonly scoreOnly?: boolean;
  readonly against?: string;
  readonly split?: number;
}

/** `reelmine ingest SOURCE... --corpus DIR`. */
export default function addIngest(program: Command): void {
  addCommonOptions(
    program
      .command('ingest')
      .description('reads videos into a corpus: probes, finds shots, and writes down what cannot be used and why')
      .argument('<source...>', 'file, folder, list.txt, ucf101:DIR, synthetic:SEED, …')
      .requiredOption('--corpus <dir>', 'folder of the corpus; ingesting again goes on where it stopped')
      .addOption(new Option('--decoder <name>', 'libav, ffmpeg or auto').default('auto'))
      .option('--score-only', 'records scores; no rule drops a video or marks a shot')
      .option('--against <source>', 'says which sources overlap another one, such as ucf101:DIR')
      .option('--split <n>', 'of --against, only what this official split tests on', parseWhole('--split', 1)),
  ).action((sources: string[], options: IngestCommandOptions) =>
    runCommand('ingest', options, async ({ onEvent, stop }) => {
      const { ingest, ingestConfig, planIngest, runJob } = await import('../../index.js');
      const set = options.scoreOnly ? [...options.set, 'cleaning.scoreOnly=true'] : options.set;
      const { config } = loadConfig(ingestConfig, { file: options.config, set });
      if (options.split !== undefined && options.against === undefined)
        throw new ConfigError('--split N says which part of --against SOURCE counts: name that source, too.');
      if (options.plan === true) {
        const plan = await planIngest({ ...options, sources, config });
        const { seconds, bytes, sources: usable, failed, shots, videoSeconds } = plan.estimate;
        const measured =
          plan.measured === 0
            ? 'nothing is there to be measured yet'
            : `about ${formatSeconds(seconds)}, a corpus of ${formatBytes(bytes)} with ${usable} videos, ${shots} shots and ` +
              `${formatSeconds(videoSeconds)} of video, ${failed} in the ledger (measured on ${plan.measured} videos)`;
        const aside = `${plan.ignored} other files ignored, ${plan.absent} absent`;
        return {
          counts: { done: 0, skipped: plan.files, failed: 0 },
          outputs: [],
          text: `would read ${plan.files} videos, ${formatBytes(plan.bytes)}; ${aside}; ${measured}`,
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
          ...describeLeakage(result.leakage),
        ].join('\n'),
        more: { digest: result.digest, ...(result.leakage ? { leakage: result.leakage } : {}) },
        ...(nothing ? { exitCode: exitCodes.nothing } : {}),
      };
    }),
  );
}

function describeLeakage(leakage: LeakageReport | undefined): readonly string[] {
  if (!leakage) return [];
  const { against, split, clips, unreadable, sources, overlaps } = leakage;
  const list = `${clips} clips of ${against}${split === null ? '' : `, split ${split}`}`;
  const leaked = new Set(overlaps.map(({ source }) => source)).size;
  return [
    `leakage: ${leaked} of ${sources} sources overlap ${list}${unreadable > 0 ? `; ${unreadable} more cannot be read` : ''}`,
    ...overlaps
      .slice(0, 10)
      .map(({ path, clip, kind, overlapSeconds }) => `  ${path}: ${clip} (${kind}, ${overlapSeconds.toFixed(1)} s)`),
    ...(overlaps.length > 10 ? [`  … ${overlaps.length - 10} more in leakage.json`] : []),
  ];
}
