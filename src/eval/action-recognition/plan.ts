import type { z } from 'zod';
import type { Encoder } from '../../engine/index.js';
import { splitSources } from '../benchmarks/roles.js';
import type { EvaluateContext, EvaluationPlan } from '../define-evaluator.js';
import { measureKMeans, type kMeansConfig } from '../k-means/index.js';
import { isLarge, multiplyHere, multiplyOnEngine, objectiveBy } from '../probe/index.js';
import { pickLayer, readVideos } from '../videos/describe.js';
import { measureVideos, saySeconds, spreadByLength, trivialLengths, type MeasureOptions } from '../videos/measure.js';
import { openPictureSpool } from '../videos/picture-spool.js';
import type { PictureSettings } from '../videos/pictures.js';
import { tunable, type ClassList } from './evaluate-fine-tuned.js';
import { featureKinds } from './features.js';
import { fineTune, type FineTuneSettings } from './fine-tune.js';

/** What a plan depends on. */
export interface RecognitionPlanSettings extends PictureSettings {
  readonly protocol: 'probe' | 'fine-tune';
  readonly layer: string;
  readonly weightDecays: readonly number[];
  readonly fineTune: FineTuneSettings;
  readonly kMeans: z.infer<typeof kMeansConfig>;
}

/** Updates that are measured, the last of them. */
const steps = 3;
/** Most evaluations of the objective that one fit of a probe takes. */
const fitRounds = 300;
/** How often the features of one fit are in memory while it runs, in float64: as they are, those of a part of the groups, and standardised. */
const fitCopies = 3;

/**
 * What an evaluation on a whole official split would cost, from a few of the videos that are here, read and described, and a few updates or rounds of
 * fitting. Where the list names more than is here, it is about all that it names, unless the context is partial.
 */
export async function planRecognition(
  encoder: Encoder,
  config: RecognitionPlanSettings,
  context: EvaluateContext<'encoder'>,
): Promise<EvaluationPlan> {
  const { data, split, seeds } = context;
  const here = splitSources(data, split);
  const listed = context.partial === true ? undefined : data.listed?.[split - 1];
  const count = { train: listed?.train ?? here.train.length, test: listed?.test ?? here.test.length };
  const videos = count.train + count.test;
  const all = [...here.train, ...here.test];
  const layer = pickLayer(encoder, config.layer);
  const measured = await measureVideos(encoder, { layer, config, list: spreadByLength(all), context });
  const clustering = await measureKMeans(encoder, { layer, settings: config.kMeans, list: here.train, context });
  const classes = listed ? data.classNames.length : new Set(all.map(({ entry }) => entry.label)).size;
  const features = encoder.layers[layer]!;
  const media = all.reduce((sum, { source }) => sum + source.bytes, 0);
  const about = [
    `${count.train} videos to train on and ${count.test} to test on, ${classes} classes${
      videos > all.length ? `; ${all.length} of them are here` : ''
    }`,
    `measured on ${measured.videos} videos: ${saySeconds(measured.read)} to read one, ${saySeconds(measured.encode)} to describe its ${measured.pictures} pictures`,
    ...(config.kMeans.pictures > 0 ? [`${saySeconds(clustering)} to set weights by k-means`] : []),
  ];
  const common = { unit: 'videos', units: videos };
  // Fits: of every trunk both kinds of features, single pictures and three side by side; of rules single pictures.
  const work = { rows: count.train, classes };
  const perRule = trivialLengths.reduce((sum, columns) => sum + fitSeconds({ ...work, columns }), 0);
  const decays = config.weightDecays.length;
  const each = (decays > 1 ? 0.75 * decays : 0) + 1;
  const scaledMedia = Math.round((media / all.length) * videos);
  if (config.protocol === 'fine-tune') {
    const { learningRates, batchSize } = config.fineTune;
    const step = await measureStep(encoder, { layer, config, list: spreadByLength(here.train), context });
    const runs = learningRates.length > 1 ? learningRates.length + 1 : 1;
    const networks = (config.kMeans.pictures > 0 ? 3 : 2) * seeds;
    const updates = networks * runs * config.fineTune.steps;
    const asked = networks * (count.test + (learningRates.length > 1 ? (learningRates.length * count.train) / 4 : 0));
    const ticks = measured.pictures;
    return {
      ...common,
      seconds:
        clustering +
        videos * (measured.read + measured.trivial) +
        updates * step +
        asked * measured.encode +
        each * perRule * seeds,
      bytes: { media: scaledMedia, scratch: videos * ticks * encoder.width * encoder.height * 3, features: 0 },
      notes: [
        ...about,
        `${updates} updates of ${batchSize} pictures at ${saySeconds(step)}: ${networks} networks (trained, untrained${config.kMeans.pictures > 0 ? ', set by k-means' : ''} for ${seeds} seeds), ${learningRates.length} rates`,
      ],
    };
  }
  const trunks = 1 + seeds + (config.kMeans.pictures > 0 ? seeds : 0);
  const perTrunk = featureKinds.reduce(
    (sum, kind) => sum + fitSeconds({ ...work, columns: features * (kind === 'threeFrames' ? 3 : 1) }),
    0,
  );
  const ofOwn = seeds; // the model itself is probed once for each seed
  const fits = each * (perTrunk * (ofOwn + trunks - 1) + perRule * seeds);
  return {
    ...common,
    seconds: clustering + videos * (measured.read + trunks * measured.encode + measured.trivial) + fits,
    bytes: {
      media: scaledMedia,
      scratch: 0,
      features:
        4 * count.train * (trunks * 4 * features + trivialLengths.reduce((a, b) => a + b, 0)) +
        fitCopies * 8 * count.train * 3 * features,
    },
    notes: [
      ...about,
      `${trunks} networks of ${features} features: trained, untrained${config.kMeans.pictures > 0 ? ' and set by k-means' : ''} for ${seeds} seeds`,
      `fitting the probes: at most ${saySeconds(fits)}, ${decays} weight decays, as if every fit took all its ${fitRounds} rounds`,
    ],
  };
}

/** Seconds of one update on real pictures. */
async function measureStep(
  encoder: Encoder,
  { layer, config, list, context }: MeasureOptions<RecognitionPlanSettings>,
): Promise<number> {
  const spool = openPictureSpool(encoder.width * encoder.height * 3);
  try {
    const reading = { encoder, settings: config, context, stage: 'plan' };
    let ticks = 0;
    for await (const { pictures } of readVideos({ ...reading, list, done: 0, total: list.length })) {
      const places = pictures.flat();
      ticks = places.length;
      spool.append(places);
    }
    const present = [...new Set(list.map(({ entry }) => entry.label))];
    const few: ClassList = {
      sources: list,
      labels: Int32Array.from(list, ({ entry }) => present.indexOf(entry.label)),
      groups: list.map(({ entry }) => entry.group),
    };
    const laps: number[] = [performance.now()];
    await fineTune(tunable(encoder), {
      layer,
      train: { spool, ticks, labels: few.labels, groups: few.groups },
      test: { spool, ticks, labels: few.labels.slice(0, 1), groups: few.groups.slice(0, 1) },
      classes: Math.max(2, present.length),
      settings: { ...config.fineTune, steps, learningRates: [config.fineTune.learningRates[0]!] },
      random: context.random.fork('plan'),
      onStep: () => laps.push(performance.now()),
    });
    return (laps[steps]! - laps[steps - 1]!) / 1000;
  } finally {
    spool.dispose();
  }
}

/** Seconds that one fit of a probe takes at most, from a few rounds on a part of the numbers. */
function fitSeconds({
  rows,
  columns,
  classes,
}: {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
}): number {
  const isOnEngine = isLarge({ rows, columns }, classes);
  const dimensions = isOnEngine ? columns : Math.min(columns, rows); // more columns than rows are turned into as many
  const most = isOnEngine ? 1024 : 128;
  const few = { rows: Math.min(rows, 2 * most), columns: Math.min(dimensions, most), classes };
  const data = Float64Array.from({ length: few.rows * few.columns }, (_, i) => Math.sin(0.7 * i + 0.001 * i * i));
  const labels = Int32Array.from({ length: few.rows }, (_, row) => row % classes);
  const features = { data, rows: few.rows, columns: few.columns };
  const products = (isOnEngine ? multiplyOnEngine : multiplyHere)(features, classes);
  const objective = objectiveBy(products, features, labels, { classes, weightDecay: 1e-4 });
  const x = new Float64Array((few.columns + 1) * classes);
  const gradient = new Float64Array(x.length);
  objective.evaluate(x, gradient); // the first time compiles and allocates
  const rounds = 4;
  const started = performance.now();
  for (let round = 0; round < rounds; round++) objective.evaluate(x, gradient);
  const seconds = (performance.now() - started) / 1000 / rounds;
  objective.dispose();
  const turning = !isOnEngine && columns > rows ? (rows * rows * columns) / 1e9 : 0; // products of rows, about 1e9 a second
  return seconds * (rows / few.rows) * (dimensions / few.columns) * fitRounds + turning;
}
