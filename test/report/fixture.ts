import { createRandom, type Shot, type VideoSource } from '../../src/core/index.js';
import {
  encodePictures,
  type FrameStrip,
  type ReportData,
  type ReportPicture,
  type RunReport,
  type TrainingRow,
} from '../../src/report/index.js';

/** uint8 [height, width, 3]: a disc on a slope of two colours; `at` in 0–1 is where it is. */
export function drawDisc(width: number, height: number, at: number, hue: number): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  const cx = width * (0.15 + 0.7 * at);
  const cy = height * (0.3 + 0.4 * at);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = (x - cx) * (x - cx) + (y - cy) * (y - cy) < (height * height) / 25;
      const base = 60 + (80 * x) / width + (50 * y) / height;
      const colour = inside ? [250 - hue, 200, 60 + hue] : [base, base * 0.9 + hue / 8, base * 0.7 + hue / 3];
      colour.forEach((value, c) => (data[(y * width + x) * 3 + c] = value));
    }
  }
  return data;
}

/** Pictures of the disc as it moves, with captions. */
export function discPictures(captions: readonly string[], hue: number, width = 160): Promise<ReportPicture[]> {
  const height = Math.round(width * 0.75);
  return encodePictures(
    captions.map((caption, i) => ({
      data: drawDisc(width, height, i / Math.max(1, captions.length - 1), hue),
      width,
      height,
      caption,
    })),
  );
}

/** A probed source of `seconds` at 25 frames per second, cut into equal shots. */
export function makeSource(n: number, className: string, seconds: number, shots: number): VideoSource {
  const endPts = seconds * 25;
  const cut = (i: number) => Math.round((endPts * i) / shots);
  return {
    schema: 1,
    id: n.toString(16).padStart(16, '0'),
    kind: 'file',
    paths: [`videos/${className}/v_${className}_g${String(n).padStart(2, '0')}_c01.mp4`],
    bytes: 120_000 + n * 1000,
    sha256: n.toString(16).padStart(64, '0'),
    container: 'mov,mp4',
    video: {
      index: 0,
      codec: 'h264',
      pixelFormat: 'yuv420p',
      codedWidth: 320,
      codedHeight: 240,
      width: 320,
      height: 240,
      rotation: 0,
      sampleAspect: [1, 1],
      timeBase: [1, 25],
      startPts: 0,
      endPts,
      durationSeconds: seconds,
      frames: endPts,
      averageRate: 25,
      variableRate: false,
      interlaced: false,
      colorRange: 'limited',
    },
    audio:
      n % 3 === 0
        ? null
        : { index: 1, codec: 'aac', sampleRateHz: 16_000, channels: 1, startSeconds: 0, durationSeconds: seconds },
    shots: Array.from({ length: shots }, (_, i): Shot => ({
      index: i,
      startPts: cut(i),
      endPts: cut(i + 1),
      crop: null,
    })),
    motion: 4.2,
    still: 0.05,
    perceptualHash: '0123456789abcdef',
    licence: null,
    origin: null,
    benchmarks: { synthetic: [{ key: `${className}/${n}`, label: 0, className, group: `g${n}`, roles: ['train'] }] },
  };
}

/** A run whose loss falls with noise on it; its accuracy is logged every 20 steps. */
export function makeRun(name: string, steps: number, depth: number): RunReport {
  const random = createRandom(name);
  const rows = Array.from({ length: steps }, (_, i): TrainingRow => {
    const step = i + 1;
    const fall = 1 - Math.exp(-step / (steps / 3));
    return {
      step,
      epoch: Math.floor(i / 40),
      loss: 0.7 - depth * fall + 0.04 * random.normal(),
      learningRate: step < steps * 0.7 ? 0.01 : 0.001,
      samplesPerSecond: 210 + 8 * random.normal(),
      dataWaitShare: 0.02 + 0.01 * random.float(),
      ...(step % 20 === 0
        ? { validationLoss: 0.71 - depth * 0.8 * fall, validationAccuracy: 0.5 + depth * 0.7 * fall }
        : {}),
    };
  });
  return {
    name,
    task: 'shuffle-and-learn',
    facts: [
      { label: 'Preset', value: 'tiny' },
      { label: 'Steps', value: steps },
      { label: 'Batch', value: 32 },
      { label: 'Parameters', value: 1_204_418 },
      { label: 'Engine', value: 'tensorflow, CPU' },
    ],
    rows,
    validation: [
      { name: 'validationAccuracy', unit: 'fraction', chance: 0.5 },
      { name: 'validationLoss', unit: '' },
    ],
  };
}

/** A page with every part in it. */
export async function makeReport(): Promise<ReportData> {
  const classes = ['circle-left', 'circle-right', 'square-spin', 'star-bounce'];
  const sources = Array.from({ length: 8 }, (_, n) => makeSource(n + 1, classes[n % 4]!, 6 + n, 1 + (n % 4)));
  const previews = await Promise.all(
    sources.map(async (source, n) => ({
      source: source.id,
      pictures: await discPictures(
        Array.from({ length: 4 }, (_, i) => `${(i * 1.6).toFixed(1)} s`),
        n * 30,
      ),
      ...(source.audio
        ? { envelope: Array.from({ length: 120 }, (_, i) => Math.abs(Math.sin(i / (4 + n)) * Math.cos(i / 31))) }
        : {}),
    })),
  );
  return {
    title: 'From video to a trained network',
    summary:
      'Eight clips were ingested and mined for temporal order; a small network then learned to tell right order from wrong.',
    madeAt: '2026-01-02 03:04 UTC',
    facts: [
      { label: 'Engine', value: 'tensorflow 2.21.0' },
      { label: 'Device', value: 'CPU, 2 cores' },
      { label: 'Took', value: '4 min 12 s' },
      { label: 'Version', value: 'reelmine 0.1.0' },
    ],
    corpus: {
      digest: 'ab'.repeat(32),
      sources,
      failures: [
        {
          source: null,
          path: 'videos/broken.mp4',
          stage: 'ingest',
          code: 'cannot-open',
          message: 'No decoder can open it.',
          attempts: 2,
          at: '2026-01-02T03:00:00.000Z',
        },
      ],
      counts: { ignored: 3, absent: 0, duplicates: 1 },
      previews,
    },
    datasets: [await makeDataset()],
    runs: [makeRun('tiny', 400, 0.45)],
    results: [makeResult()],
    commands: [{ purpose: 'Everything, from the first video to this page:', command: 'reelmine demo --out demo' }],
    notes: ['Made by Reelmine from the files of this run alone.'],
  };
}

/** What temporal order gave. */
export async function makeDataset(): Promise<NonNullable<ReportData['datasets']>[number]> {
  const strip = async (n: number): Promise<FrameStrip> => {
    const times = [0.2, 0.8, 1.9, 3.1, 3.7].map((time) => time + n * 0.1);
    const seconds = Array.from({ length: 150 }, (_, i) => i / 25);
    return {
      title: `000000000000000${n}/0/${n}`,
      pictures: await discPictures(
        times.map((time, i) => `${'abcde'[i] ?? ''} · ${time.toFixed(2)} s`),
        40 * n,
      ),
      facts: [
        { label: 'Policy', value: 'relative' },
        { label: 'Motion', value: '2.4 px per frame' },
        { label: 'b to d', value: '2.30 s' },
      ],
      curve: {
        seconds,
        values: seconds.map((time) => 2.4 * Math.exp(-((time - 2 - n * 0.1) * (time - 2 - n * 0.1)) / 1.6) + 0.15),
        unit: 'px per frame',
        window: [times[0]!, times[4]!],
        marks: times.map((time, i) => ({ label: 'abcde'[i] ?? '', seconds: time })),
      },
    };
  };
  const [picture] = await discPictures(['still'], 0);
  return {
    signal: 'temporal-order',
    digest: 'cd'.repeat(32),
    facts: [
      { label: 'Samples', value: 412 },
      { label: 'Frames decoded', value: 1600 },
    ],
    strips: await Promise.all([1, 2, 3].map(strip)),
    rejections: { still: 57, cut: 21, 'looks-same': 130, budget: 4, fade: 0 },
    places: [
      {
        code: 'still',
        source: '0000000000000001',
        startSeconds: 1.2,
        endSeconds: 2.4,
        ...(picture ? { picture } : {}),
      },
      { code: 'cut', source: '0000000000000002', startSeconds: 3, endSeconds: 4.5 },
    ],
  };
}

/** Held-out tuple accuracy with its rivals. */
export function makeResult(value = 0.83): NonNullable<ReportData['results']>[number] {
  const metric = (measured: number, interval?: readonly [number, number]) => ({
    name: 'balancedAccuracy',
    value: measured,
    unit: 'fraction',
    direction: 'higher' as const,
    examples: 1240,
    split: 'held-out',
    ...(interval ? { interval } : {}),
  });
  return {
    protocol: 'temporal-order',
    subject: 'shuffle-and-learn, tiny',
    facts: [{ label: 'Held-out groups', value: 3 }],
    metrics: [{ ...metric(value, [value - 0.03, value + 0.03]), seeds: [value - 0.01, value, value + 0.012] }],
    rivals: [
      { name: 'chance', metrics: [metric(0.5)] },
      { name: 'untrained', metrics: [metric(0.53, [0.5, 0.56])] },
      { name: 'frame-difference', metrics: [metric(0.71, [0.68, 0.74])] },
      { name: 'paper', published: 'Misra et al. 2016, another mix of tuples', metrics: [metric(0.721)] },
    ],
  };
}
