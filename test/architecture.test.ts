import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkImports, matches, type ImportTable } from './imports.js';

const areas = [
  'core',
  'vision',
  'audio',
  'ingest',
  'setup',
  'synthetic',
  'mining',
  'store',
  'engine',
  'models',
  'eval',
  'report',
];

/** Who may import whom: `docs/architecture.md` says why. Change a line together with its reason. */
const table: ImportTable = {
  areas: {
    core: [],
    vision: ['core'],
    audio: ['core'],
    ingest: ['core', 'vision', 'synthetic'],
    setup: ['core'],
    synthetic: ['core', 'vision'],
    mining: ['core', 'vision', 'audio', 'ingest', 'engine/linear-algebra.ts'],
    store: ['core', 'vision'],
    engine: ['core', 'vision/image-codec.ts'],
    models: ['core', 'engine', 'mining/*/sample.ts'],
    eval: ['core', 'vision', 'ingest', 'store', 'engine', 'models'],
    report: ['core', 'vision'],
    // The long jobs that join areas: `index.ts` in files of a fitting size, and nothing that an area could import.
    jobs: areas,
    'index.ts': [...areas, 'jobs/*.ts'],
    cli: [...areas, 'index.ts'],
  },
  exceptions: [
    {
      from: 'models/*/prepare.ts',
      to: 'vision/index.ts',
      reason: 'it runs in the loader and unpacks and scales pictures there',
    },
    {
      from: 'models/*/prepare.ts',
      to: 'vision/image-codec.ts',
      reason: 'the same, and it spares each worker the loading of OpenCV',
    },
    {
      from: 'models/*/prepare.ts',
      to: 'vision/resize.ts',
      reason: 'the same, for scaling alone',
    },
    {
      from: 'models/augment/**',
      to: 'vision/augment.ts',
      reason: 'cuts and colours that tasks share run in the loader, as a kernel',
    },
    { from: 'eval/mining/**', to: 'mining/index.ts', reason: 'it scores the miners themselves' },
    {
      from: '**/kernels/*.as.ts',
      to: 'core/kernels/*.as.ts',
      reason: 'what kernels of several areas share is compiled into each',
    },
  ],
  apart: [
    { area: 'mining', shared: ['workers'] },
    { area: 'models', shared: ['layers', 'losses', 'augment'] },
  ],
  homes: {
    'opencv-wasm': ['vision/opencv.ts'],
    sharp: ['vision/image-codec.ts'],
    'node-av': ['ingest/decoders/', 'ingest/encoder*.ts'],
    'fluent-ffmpeg': ['ingest/decoders/'],
    'ffmpeg-static': ['ingest/decoders/'],
    lmdb: ['store/'],
    'lmdb-v1': ['store/'],
    msgpackr: ['store/'],
    'hyparquet-writer': ['store/', 'jobs/feature-parquet.ts'],
    hyparquet: ['store/exporters/', 'ingest/sources/'],
    'tar-stream': ['store/exporters/', 'ingest/sources/'],
    '@tensorflow/*': ['engine/'],
    '@bufbuild/*': ['engine/'],
    commander: ['cli/'],
    pino: ['cli/'],
    echarts: ['report/'],
    'node:child_process': ['core/child-process.ts'],
  },
  everywhere: ['rxjs', 'zod', 'yaml', 'leven'],
  never: { vision: ['node:fs', 'rxjs'], audio: ['node:fs', 'rxjs'] },
  globals: {
    'process.env': ['core/environment.ts', 'core/child-process.ts'],
    console: ['cli/'],
  },
  // The loader's prepare modules, the LMDB build that works here, and in tests a miner of their own.
  computed: ['store/batch-maker.ts', 'store/lmdb.ts', 'mining/workers/main.ts'],
  unreachable: [
    {
      from: 'models/*/prepare.ts',
      to: ['@tensorflow/*', 'engine/'],
      reason: 'the workers of the loader import no TensorFlow.js',
    },
  ],
};

const src = fileURLToPath(new URL('../src/', import.meta.url));
const sources = new Map(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path, readFileSync(`${src}${path}`, 'utf8')]),
);

describe('the import table', () => {
  it('holds for every file of src', () => {
    expect(checkImports(sources, table)).toEqual([]);
  });

  it('names every area that there is, and only those', () => {
    const found = new Set([...sources.keys()].map((path) => path.split('/')[0]));
    expect([...found].filter((area) => area === undefined || !(area in table.areas))).toEqual([]);
    expect(areas.filter((area) => !found.has(area))).toEqual([]);
  });
});

describe('the check of it', () => {
  /** Faults of one planted file among otherwise sound ones. */
  const faults = (path: string, text: string, others: Readonly<Record<string, string>> = {}) => {
    const files = new Map(Object.entries({ ...others, [path]: text }));
    for (const area of areas) files.set(`${area}/index.ts`, '');
    for (const extra of [
      'engine/linear-algebra.ts',
      'vision/image-codec.ts',
      'vision/resize.ts',
      'vision/kernels/fft.as.ts',
      'core/kernels/fft.as.ts',
      'mining/order/sample.ts',
      'mining/clips/index.ts',
    ]) {
      files.set(extra, '');
    }
    files.set('index.ts', '');
    files.set('cli/main.ts', '');
    return checkImports(files.set(path, text), table);
  };

  it.each([
    [
      'report/x.ts',
      `import { train } from '../engine/index.js';`,
      'src/report/x.ts imports ../engine/index.js: report may import only core and vision.',
    ],
    ['report/x.ts', `import type { Trainer } from '../engine/index.js';`, 'report may import only'],
    ['report/x.ts', `export * from '../store/index.js';`, 'report may import only'],
    ['report/x.ts', `type T = import('../models/index.js').T;`, 'report may import only'],
    ['report/x.ts', `const m = await import('../mining/index.js');`, 'report may import only'],
    ['core/x.ts', `import '../vision/index.js';`, 'core may import nothing of ours.'],
    ['store/x.ts', `import '../vision/resize.js';`, 'import vision/index.ts and nothing deeper.'],
    ['engine/x.ts', `import '../vision/index.js';`, 'engine may import only core and vision/image-codec.ts.'],
    ['models/a/network.ts', `import '../../vision/index.js';`, 'models may import only'],
    ['models/a/network.ts', `import '../../mining/index.js';`, 'models may import only'],
    ['models/a/network.ts', `import '../b/network.js';`, "models's folders do not import each other."],
    ['mining/order/x.ts', `import '../clips/index.js';`, "mining's folders do not import each other."],
    ['mining/order/x.ts', `import '../../store/index.js';`, 'mining may import only'],
    ['eval/retrieval/x.ts', `import '../../mining/index.js';`, 'eval may import only'],
    ['engine/x.ts', `import '../index.js';`, 'engine may import only'],
    ['engine/x.ts', `import '../cli/main.js';`, 'engine may import only'],
    ['index.ts', `import './cli/main.js';`, 'index.ts may import only'],
    ['audio/kernels/x.as.ts', `import { f } from '../../vision/kernels/fft.as';`, 'audio may import only core.'],
    ['audio/x.ts', `import { f } from '../core/kernels/fft.as';`, 'import core/index.ts and nothing deeper.'],
    ['cli/x.ts', `import '../nowhere.js';`, 'there is no src/nowhere.ts.'],
    ['cli/x.ts', `import '../../package.json';`, 'it lies outside src.'],
    ['odd/x.ts', `import '../core/index.js';`, 'odd is not in the table.'],
    ['mining/x.ts', `import cv from 'opencv-wasm';`, 'imports opencv-wasm: only vision/opencv.ts may.'],
    [
      'ingest/x.ts',
      `import { Decoder } from 'node-av/api';`,
      'imports node-av/api: only ingest/decoders/ and ingest/encoder*.ts may.',
    ],
    ['models/x.ts', `import type { Tensor } from '@tensorflow/tfjs-core';`, 'only engine/ may.'],
    ['models/x.ts', `const tf = require('@tensorflow/tfjs-core');`, 'only engine/ may.'],
    ['mining/x.ts', `const lmdb = createRequire(import.meta.url)('lmdb');`, 'only store/ may.'],
    ['setup/x.ts', `import { spawn } from 'child_process';`, 'imports child_process: only core/child-process.ts may.'],
    ['vision/x.ts', `import { readFileSync } from 'node:fs';`, 'vision may not.'],
    ['vision/x.ts', `import 'fs/promises';`, 'vision may not.'],
    ['audio/x.ts', `import { map } from 'rxjs';`, 'audio may not.'],
    ['store/x.ts', `import 'left-pad';`, 'the table has no home for it.'],
    ['store/x.ts', `const module = await import(path);`, 'known only at run time'],
    ['engine/x.ts', `console.log(1);`, 'src/engine/x.ts uses console: only cli/ may.'],
    ['engine/x.ts', `globalThis.console.log(1);`, 'uses console'],
    [
      'engine/x.ts',
      `const home = process.env['HOME'];`,
      'uses process.env: only core/environment.ts and core/child-process.ts may.',
    ],
    ['engine/x.ts', `const { env } = process;`, 'uses process.env'],
    ['engine/x.ts', `const e = process['env'];`, 'uses process.env'],
    ['engine/x.ts', `import { env } from 'node:process';`, 'uses process.env'],
  ])('finds the fault of %s: %s', (path, text, sentence) => {
    const found = faults(path, text, { 'models/b/network.ts': '' });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(sentence);
    expect(found[0]).toContain(`src/${path}`);
  });

  it.each([
    ['mining/x.ts', `import { multiply } from '../engine/linear-algebra.js';`],
    ['mining/order/x.ts', `import './helper.js'; import '../../ingest/index.js';`],
    ['mining/index.ts', `import './order/sample.js';`],
    ['mining/workers/main.ts', `import '../order/sample.js';`],
    ['models/a/network.ts', `import '../../mining/order/sample.js'; import '../layers/conv.js';`],
    ['models/a/prepare.ts', `import '../../vision/index.js';`],
    ['eval/mining/x.ts', `import '../../mining/index.js';`],
    ['ingest/decoders/libav.ts', `import 'node-av'; import 'node:fs';`],
    ['engine/x.ts', `import type { Tensor } from '@tensorflow/tfjs-core'; import '../vision/image-codec.js';`],
    [
      'report/x.ts',
      `import 'echarts/core'; const o = { console: 1 }; o.console; // process.env, import('opencv-wasm')`,
    ],
    ['store/x.ts', `const text = "import 'opencv-wasm'"; import { z } from 'zod';`],
    ['cli/x.ts', `console.log(1); import '../index.js';`],
    ['mining/x.ts', `import type { ChildProcess } from 'node:child_process';`],
    ['audio/kernels/x.as.ts', `import { f } from '../../core/kernels/fft.as';`],
  ])('finds none in %s: %s', (path, text) => {
    expect(faults(path, text, { 'mining/order/helper.ts': '', 'models/layers/conv.ts': '' })).toEqual([]);
  });

  it('follows what a loader’s worker loads, and lets types pass', () => {
    const prepare = `import { size } from './size.js';`;
    const through = { 'models/a/size.ts': `import { tf } from '../../engine/index.js'; export const size = 1;` };
    expect(faults('models/a/prepare.ts', prepare, through)).toEqual([
      'src/models/a/prepare.ts loads models/a/size.ts, which loads engine/index.ts: the workers of the loader import no TensorFlow.js.',
    ]);
    const asType = { 'models/a/size.ts': `import type { tf } from '../../engine/index.js'; export const size = 1;` };
    expect(faults('models/a/prepare.ts', prepare, asType)).toEqual([]);
    // With verbatim module syntax this one is loaded all the same.
    const inlineType = {
      'models/a/size.ts': `import { type tf } from '../../engine/index.js'; export const size = 1;`,
    };
    expect(faults('models/a/prepare.ts', prepare, inlineType)).toHaveLength(1);
  });

  it('reads patterns by folder and by name', () => {
    expect(matches('engine/', 'engine/a/b.ts')).toBe(true);
    expect(matches('engine/', 'engineer.ts')).toBe(false);
    expect(matches('mining/*/sample.ts', 'mining/order/sample.ts')).toBe(true);
    expect(matches('mining/*/sample.ts', 'mining/order/deep/sample.ts')).toBe(false);
    expect(matches('eval/mining/**', 'eval/mining/a/b.ts')).toBe(true);
    expect(matches('vision/opencv.ts', 'vision/opencvXts')).toBe(false);
  });
});
