import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import {
  builtModule,
  checkConfig,
  ConfigError,
  coreCount,
  hashJson,
  runJob,
  sha256,
  toolVersion,
  type SampleSink,
} from '../core/index.js';
import { readCorpus, selectDecoder } from '../ingest/index.js';
import { mine, miners, quintuplesOf, readTuples, tupleImport, type MinerDefinition } from '../mining/index.js';
import { openSink } from '../store/index.js';
import type { ImportFormat } from './exchange.js';

/** Tuples of temporal-order from its authors' files: the records are made from a corpus' videos, by mining's workers. */
const authors: ImportFormat<Readonly<Record<string, unknown>>> = {
  name: 'authors',
  config: z.record(z.string(), z.unknown()).describe('Settings of temporal-order: sizes of pictures, flow.'),
  async read({ files, signal: name, corpus: corpusDir, out, ...options }, settings, { emit, signal }) {
    const [keys, labels] = files.map((file) => resolve(file));
    if (keys === undefined || labels === undefined || files.length !== 2) {
      throw new ConfigError(`The format authors takes two files, keys and labels, got ${files.length}.`);
    }
    for (const file of [keys, labels]) if (!existsSync(file)) throw new ConfigError(`${file} does not exist.`);
    if (name !== 'temporal-order') throw new ConfigError(`The format authors is of temporal-order, not of ${name}.`);
    if (corpusDir === undefined)
      throw new ConfigError('The format authors names frames: --corpus must hold the videos.');
    const corpus = await readCorpus(corpusDir);
    const registered = (await miners.load(name)) as MinerDefinition;
    const { config } = checkConfig(registered.config, settings);
    const given = readTuples(keys, labels);
    const known = corpus.sources.filter((source) => quintuplesOf(source, given).length > 0);
    const found = known.flatMap((source) =>
      quintuplesOf(source, given).map(({ frames }) => Math.max(...frames) < source.video.frames),
    );
    if (found.length === 0) throw new ConfigError(`${corpusDir} holds none of the videos that ${keys} names.`);
    const miner = await tupleImport.load();
    const { decoder } = await selectDecoder(options.decoder ?? 'auto');
    const seed = options.seed ?? 1;
    const imported = { format: 'authors', keys: sha256(readFileSync(keys)), labels: sha256(readFileSync(labels)) };
    const full = { ...(config as object), imported };
    const sink: SampleSink = await openSink({
      dir: out,
      header: {
        signal: name,
        signalVersion: registered.version,
        spec: registered.sample,
        config: full,
        configHash: hashJson(full),
        corpusDigest: corpus.digest,
        decoder: { name: decoder.name, version: await decoder.version() },
        toolVersion: toolVersion(),
        seed,
        selection: options.limit === undefined ? {} : { limit: options.limit },
      },
    });
    try {
      const result = await runJob(
        mine(
          {
            signals: [
              { miner, name, config: { ...(config as object), keys, labels }, module: builtModule(tupleImport.module) },
            ],
            corpus,
            decoder: decoder.name,
            sinks: { [name]: sink },
            workers: options.workers ?? coreCount(),
            seed,
            now: () => new Date(),
            only: known.map(({ id }) => id),
            limit: options.limit,
          },
          signal,
        ),
        emit,
      );
      const summary = result.signals[name]?.summary ?? null;
      const counts = {
        ...result.counts,
        quintuples: given.quintuples.length,
        absent: given.quintuples.length - found.length,
        beyondEnd: found.filter((there) => !there).length,
        unpaired: given.unpaired,
        contradictory: given.contradictory,
      };
      const lost = (['absent', 'beyondEnd', 'unpaired', 'contradictory'] as const)
        .filter((count) => counts[count] > 0)
        .map((count) => `${counts[count]} ${count}`);
      return {
        counts,
        outputs: [out],
        digest: summary?.digest ?? null,
        text: `${summary?.samples ?? 0} samples of ${known.length} sources in ${out}${lost.length > 0 ? `; left out: ${lost.join(', ')}` : ''}`,
      };
    } finally {
      await sink.close();
    }
  },
};

export default authors;
