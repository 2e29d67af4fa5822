import { ConfigError, PipelineError, type BenchmarkEntry, type VideoSource } from '../../core/index.js';

/** A source in its role in one official split. */
export interface LabelledSource {
  readonly source: VideoSource;
  readonly entry: BenchmarkEntry;
}

/** Training and test list of one official split, in key order. */
export interface SplitSources {
  readonly train: readonly LabelledSource[];
  readonly test: readonly LabelledSource[];
}

/**
 * The sources of one official split; `needsTraining`: whether there must be a training source, too. Entries that are ignored are left out.
 *
 * @param split from 1.
 * @throws ConfigError if the split does not exist or has no test source here, or no training source where one is needed.
 * @throws PipelineError `leak` if a source or a group is on both sides.
 */
export function splitSources(
  { benchmark, sources }: { readonly benchmark: string; readonly sources: readonly VideoSource[] },
  split: number,
  { needsTraining = true }: { readonly needsTraining?: boolean } = {},
): SplitSources {
  const entries = sources.flatMap((source) =>
    (source.benchmarks[benchmark] ?? []).filter(({ ignored }) => ignored !== true).map((entry) => ({ source, entry })),
  );
  entries.sort((a, b) => (a.entry.key < b.entry.key ? -1 : a.entry.key > b.entry.key ? 1 : 0));
  const inRole = (role: string) => entries.filter(({ entry }) => entry.roles[split - 1] === role);
  const [train, test] = [inRole('train'), inRole('test')];
  if ((needsTraining && train.length === 0) || test.length === 0) {
    const splits = Math.max(0, ...entries.map(({ entry }) => entry.roles.length));
    throw new ConfigError(
      `Split ${split} of ${benchmark} has ${train.length} training and ${test.length} test videos here; splits known: ${splits}.`,
      { context: { benchmark, split, train: train.length, test: test.length } },
    );
  }
  assertApart(train, test, benchmark);
  return { train, test };
}

function assertApart(train: readonly LabelledSource[], test: readonly LabelledSource[], benchmark: string): void {
  const identities = ({ source, entry }: LabelledSource) => [`video ${source.id}`, `group ${entry.group}`];
  const trained = new Set(train.flatMap(identities));
  const shared = [...new Set(test.flatMap(identities).filter((identity) => trained.has(identity)))];
  if (shared.length > 0) {
    throw new PipelineError(
      'leak',
      `Training and test list of ${benchmark} share ${shared.length} videos or groups, such as ${shared[0]}.`,
      {
        context: { benchmark, shared: shared.slice(0, 10) },
      },
    );
  }
}
