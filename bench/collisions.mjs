// Whether a model's futures differ where the future does: on Stochastic Moving MNIST a digit that meets a wall goes on anew, until then its way is
// known. Sets the spread of the futures of each test video beside the frames that walls leave open in it.
//
//   node bench/collisions.mjs RESULT CORPUS      RESULT: folder of `eval prediction`, with several samples; CORPUS: of a moving-mnist:svg source
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../dist/core/index.js';
import { readCorpus, sourcePath } from '../dist/ingest/index.js';
import { createMovingMnist, glyphDigits } from '../dist/synthetic/index.js';

const [resultFolder, corpusFolder] = process.argv.slice(2);
const rowsOf = (file) =>
  readFileSync(join(resultFolder, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const { nCond, nPred } = rowsOf('curves.jsonl').find(({ model, mode }) => model === 'model' && mode === 'multi-step');
const corpus = await readCorpus(corpusFolder);
const sources = new Map(corpus.sources.map((source) => [source.id, source]));

/**
 * Digits times predicted frames, and of these those whose place hangs on a velocity that was not drawn yet when the last frame was seen. `start`: the
 * sequence's first frame in its video.
 */
function countPlaces(source, start) {
  const description = JSON.parse(readFileSync(sourcePath(corpus.root, source), 'utf8'));
  const { truth } = createMovingMnist(description, glyphDigits(0)); // ways do not depend on the digits
  const last = start + nCond + nPred - 1;
  const open = truth.reduce((sum, { steps }) => {
    const hit = steps.findIndex((step, t) => step.hit && t >= start + nCond - 1);
    return sum + (hit < 0 ? 0 : Math.max(0, last - hit));
  }, 0);
  return { open, places: truth.length * nPred };
}

const videos = rowsOf('predictions.jsonl')
  .filter(({ mode }) => mode === 'multi-step')
  .map(({ source, start, values: { model } }) => {
    if (!('diversity' in model && 'mse.mean' in model))
      throw new Error(
        `${resultFolder} holds no spread: run eval prediction of a stochastic model with several samples and mse.mean.`,
      );
    // mean variance of the futures; both are 0 / 0 where all futures are exact
    return { ...countPlaces(sources.get(source), start), spread: model.diversity * model['mse.mean'] };
  });
const ranks = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return values.map((value) => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2);
};
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const correlation = (list) => {
  const [a, b] = [ranks(list.map(({ open }) => open)), ranks(list.map(({ spread }) => spread))];
  const product = (x, y, meanX, meanY) => x.reduce((total, each, i) => total + (each - meanX) * (y[i] - meanY), 0);
  const [meanA, meanB] = [mean(a), mean(b)];
  return product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB));
};
const random = createRandom(1);
const drawn = Array.from({ length: 1000 }, () => correlation(videos.map(() => videos[random.int(videos.length)])));
drawn.sort((a, b) => a - b);
const middle = [...videos].sort((a, b) => a.open - b.open)[videos.length >> 1].open;
const spreadOf = (list) => mean(list.map(({ spread }) => spread)).toPrecision(3);
const [few, many] = [videos.filter(({ open }) => open < middle), videos.filter(({ open }) => open >= middle)];
console.log(
  `  spread of futures ${spreadOf(few)} where fewer than ${middle} of ${videos[0].places} places are open (${few.length} videos), ${spreadOf(many)} in the others (${many.length})`,
);
console.log(
  `  rank correlation of spread and open places ${correlation(videos).toFixed(2)} [${drawn[25].toFixed(2)}, ${drawn[974].toFixed(2)}]`,
);
