import { z } from 'zod';
import type { Metric } from '../../core/index.js';
import { splitSources } from '../benchmarks/roles.js';
import { defineEvaluator, type EvaluationOutput } from '../define-evaluator.js';
import { bootstrapInterval, weightedMean } from '../metrics/index.js';
import { describeByEncoder, describeVideos, meanVector, pickLayer, trivialDescribers } from '../videos/describe.js';
import { kMeansConfig, openKMeans, readMiddles, type UntrainedEncoder } from '../k-means/index.js';
import { openUntrained } from '../untrained.js';
import { cropCounts, samplingRules } from '../videos/pictures.js';
import { chanceOfHit, columnMeans, nearestRows, unitRows, voteOf } from './neighbours.js';
import { planRetrieval } from './plan.js';

const configSchema = z.strictObject({
  sampling: z
    .enum(samplingRules)
    .default('segment-centre')
    .describe(
      'Pictures of a clip in the middle, at the middles of equal segments of the whole video, or the 25 of TSN.',
    ),
  ticks: z.int().positive().default(10).describe('Pictures taken of each video; its feature is their mean.'),
  clipSeconds: z
    .number()
    .positive()
    .default(1)
    .describe('Span of time over which the pictures of middle-clip are spread.'),
  crops: z
    .union(cropCounts.map((count) => z.literal(count)))
    .default(1)
    .describe(
      'Places of each picture that go into the mean: the centre, the corners too, and all of these mirrored too.',
    ),
  layer: z.string().default('').describe("Layer that is compared; empty: the encoder's first."),
  centring: z
    .enum(['gallery', 'none', 'own-set'])
    .default('none')
    .describe(
      'What is taken from every feature: the mean of the gallery, nothing, or the mean of its own set (then queries see each other: for comparison only).',
    ),
  neighbours: z.int().positive().default(20).describe('Nearest gallery videos that vote on the class.'),
  temperature: z.number().positive().default(0.07).describe('A vote weighs exp(cosine / temperature).'),
  kMeans: kMeansConfig,
  bootstrapDraws: z.int().positive().default(2000).describe('Draws behind each interval.'),
});

/** Numbers of neighbours at which a query may find its class. */
const reaches = [1, 5, 10, 20, 50] as const;
/** Neighbours of each query that are written down, for pages. */
const shown = 10;

/** What one feature finds for every query. */
interface Found {
  /** Place, from 1, of the first neighbour of the query's class; Infinity where there is none. */
  readonly ranks: readonly number[];
  readonly votesRight: readonly boolean[];
  readonly nearest: readonly (readonly { readonly row: number; readonly cosine: number }[])[];
}

/**
 * Whether the nearest training videos of a test video are of its class, by cosine of mean features: R@k counts a query as found if at least one
 * of the k nearest has its class. Nothing is trained. Chance is exact; R@k less chance, and its share of what chance
 * leaves, (R@k - chance) / (1 - chance), stand beside, and so does the gain over untrained weights.
 */
export default defineEvaluator({
  name: 'retrieval',
  version: 1,
  needs: 'encoder',
  config: configSchema,
  async *evaluate(encoder, config, context): AsyncIterable<EvaluationOutput> {
    const { data, split, seeds, random } = context;
    const layer = pickLayer(encoder, config.layer);
    const { train: gallery, test: queries } = splitSources(data, split);
    const untrained: readonly UntrainedEncoder[] = await openUntrained(context, 1);
    let kMeans: readonly UntrainedEncoder[] = [];
    let simple: readonly string[];
    let features: Float32Array[][];
    try {
      const read = (count: number) => readMiddles(gallery, { count, encoder, context });
      kMeans = await openKMeans(context, { layer, settings: config.kMeans, read });
      const trivial = trivialDescribers(encoder);
      simple = trivial.map(({ name }) => name);
      const describers = [
        ...[encoder, ...untrained, ...kMeans].map((each) => describeByEncoder(each, layer)),
        ...trivial,
      ];
      features = describers.map((): Float32Array[] => []);
      const list = [...gallery, ...queries];
      const shared = { encoder, settings: config, context, done: 0, total: list.length };
      for await (const { features: seen } of describeVideos(describers, { ...shared, list }))
        seen.forEach((described, d) => features[d]!.push(meanVector(described.flat())));
    } finally {
      [...untrained, ...kMeans].forEach((model) => model.dispose());
    }
    const galleryLabels = gallery.map(({ entry }) => entry.label);
    const search = (vectors: readonly Float32Array[]): Found => {
      const [known, asked] = [vectors.slice(0, gallery.length), vectors.slice(gallery.length)];
      const galleryMean = config.centring === 'none' ? undefined : columnMeans(known);
      const rows = unitRows(known, galleryMean);
      const wanted = unitRows(asked, config.centring === 'own-set' ? columnMeans(asked) : galleryMean);
      const answers = queries.map(({ entry }, q) => {
        const query = wanted.data.subarray(q * wanted.columns, (q + 1) * wanted.columns);
        const nearest = nearestRows(rows, query, Math.max(config.neighbours, reaches.at(-1)!));
        const first = nearest.findIndex(({ row }) => galleryLabels[row] === entry.label);
        const voters = nearest
          .slice(0, config.neighbours)
          .map(({ row, cosine }) => ({ label: galleryLabels[row]!, cosine }));
        return {
          rank: first < 0 ? Infinity : first + 1,
          voteRight: voteOf(voters, config.temperature) === entry.label,
          nearest: nearest.slice(0, shown),
        };
      });
      return {
        ranks: answers.map(({ rank }) => rank),
        votesRight: answers.map(({ voteRight }) => voteRight),
        nearest: answers.map(({ nearest }) => nearest),
      };
    };

    const countOf = new Map<number, number>();
    for (const label of galleryLabels) countOf.set(label, (countOf.get(label) ?? 0) + 1);
    const chances = new Map(
      reaches.map((k) => [
        k,
        queries.map(({ entry }) => chanceOfHit(gallery.length, countOf.get(entry.label) ?? 0, k)),
      ]),
    );
    const groups = queries.map(({ entry }) => entry.group);
    const about = {
      unit: 'fraction',
      direction: 'higher',
      examples: queries.length,
      split: `${data.benchmark} ${split}`,
    } as const;
    const measure = (
      name: string,
      perSeed: readonly (readonly number[])[],
      change = (value: number) => value,
    ): Metric => {
      const statistic = (weights?: Float64Array) =>
        change(perSeed.reduce((sum, one) => sum + weightedMean(one, weights), 0) / perSeed.length);
      const interval = bootstrapInterval({
        groups,
        statistic,
        random: random.fork('bootstrap'),
        draws: config.bootstrapDraws,
      });
      return {
        name,
        value: statistic(),
        ...about,
        ...(interval ? { interval } : {}),
        ...(perSeed.length > 1 ? { seeds: perSeed.map((one) => change(weightedMean(one))) } : {}),
      };
    };
    const meanOf = (perSeed: readonly (readonly number[])[]) =>
      queries.map((_, q) => perSeed.reduce((sum, one) => sum + one[q]!, 0) / perSeed.length);
    const metricsOf = (found: readonly Found[], baseline: readonly Found[] = []): Metric[] => [
      ...reaches.flatMap((k) => {
        const hitsOf = ({ ranks }: Found) => ranks.map((rank) => (rank <= k ? 1 : 0));
        const hits = found.map(hitsOf);
        const guess = chances.get(k)!;
        const chance = weightedMean(guess);
        const untrained = baseline.length > 0 ? meanOf(baseline.map(hitsOf)) : null;
        const minus = (others: readonly number[]) => hits.map((one) => one.map((hit, q) => hit - others[q]!));
        return [
          measure(`recallAt${k}`, hits),
          ...(untrained ? [measure(`recallAt${k}Gain`, minus(untrained))] : []),
          // where chance is certain there is nothing to gain
          ...(chance < 1
            ? [
                measure(`recallAt${k}MinusChance`, minus(guess)),
                measure(`recallAt${k}OverChance`, hits, (value) => (value - chance) / (1 - chance)),
              ]
            : []),
        ];
      }),
      measure(
        'knnTop1',
        found.map(({ votesRight }) => votesRight.map(Number)),
      ),
    ];
    const found = features.map(search);
    for (const metric of metricsOf([found[0]!], found.slice(1, 1 + seeds))) yield { kind: 'metric', metric };
    yield {
      kind: 'rival',
      rival: {
        name: 'chance',
        metrics: [
          ...reaches.map((k): Metric => ({ name: `recallAt${k}`, value: weightedMean(chances.get(k)!), ...about })),
          { name: 'knnTop1', value: 1 / new Set(galleryLabels).size, ...about },
        ],
      },
    };
    yield { kind: 'rival', rival: { name: 'untrained', metrics: metricsOf(found.slice(1, 1 + seeds)) } };
    const trunks = untrained.length + kMeans.length;
    if (kMeans.length > 0)
      yield { kind: 'rival', rival: { name: 'k-means', metrics: metricsOf(found.slice(1 + seeds, 1 + trunks)) } };
    for (const [i, name] of simple.entries())
      yield { kind: 'rival', rival: { name, metrics: metricsOf([found[1 + trunks + i]!]) } };
    for (const [q, { source, entry }] of queries.entries()) {
      const rank = found[0]!.ranks[q]!;
      const nearest = found[0]!.nearest[q]!.map(({ row, cosine }) => {
        const { source: its, entry: itsEntry } = gallery[row]!;
        return { key: itsEntry.key, source: its.id, label: itsEntry.label, cosine };
      });
      const row = { key: entry.key, source: source.id, group: entry.group, label: entry.label };
      yield { kind: 'prediction', row: { ...row, split, rank: Number.isFinite(rank) ? rank : null, nearest } };
    }
  },
  plan: (encoder, config, context) => planRetrieval(encoder, config, context),
});
