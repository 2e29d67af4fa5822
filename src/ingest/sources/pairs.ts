import { statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { ConfigError, sha256 } from '../../core/index.js';
import type { PairDescription } from '../decoders/pair.js';
import { listSeries } from '../decoders/picture-series.js';
import { descriptionExtension } from '../open-media.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { ownPlace } from './described.js';
import { filesBelow, videoExtensions } from './files.js';
import { badSource, parseRate, parseSourceText } from './source-text.js';

/**
 * `pairs:LEFT,RIGHT`: what two eyes saw is one source. LEFT and RIGHT are two files, two folders of numbered pictures
 * (`?fps=N`, 10 where it is not said), or two folders that hold videos of the same names.
 *
 * @throws ConfigError if one is not there, or they are not of one kind.
 */
export function expandPairs(text: string, corpus: string): ExpandedSources {
  const parsed = parseSourceText(text, ['fps']);
  const rate = parseRate(parsed.settings.get('fps') ?? '10');
  const [left, right] = placesOf(parsed.place, text);
  const kinds = [kindOf(left, text), kindOf(right, text)];
  if (kinds[0] !== kinds[1]) throw badSource(`pairs:${text}`, `${left} is ${kinds[0]}, ${right} is ${kinds[1]}`);
  if (kinds[0] !== 'a folder') {
    const isSeries = kinds[0] === 'a folder of pictures';
    const key = `pairs/${basename(left)},${basename(right)}`;
    const candidate = pairCandidate({ left, right, key, corpus, ...(isSeries ? { rate } : {}) });
    return { candidates: [candidate], ignored: 0, absent: 0, warnings: [] };
  }
  const [lefts, rights] = [videosOf(left), videosOf(right)];
  const both = [...lefts.keys()].filter((name) => rights.has(name));
  if (both.length === 0)
    throw new ConfigError(`${left} and ${right} have no video of the same name.`, {
      code: 'source-missing',
      context: { source: `pairs:${text}` },
    });
  const candidates = both.map((name) =>
    pairCandidate({ left: lefts.get(name)!, right: rights.get(name)!, key: `pairs/${name}`, corpus }),
  );
  const lonely = lefts.size + rights.size - 2 * both.length;
  const warnings = lonely > 0 ? [`pairs:${text}: ${lonely} videos have no fellow of the same name.`] : [];
  return { candidates, ignored: 0, absent: lonely, warnings };
}

/** The two places: divided at the comma at which both exist, so that names may hold commas. */
function placesOf(text: string, source: string): readonly [string, string] {
  const commas = [...text.matchAll(/,/g)].map(({ index }) => index);
  const divided = commas.map((at) => [resolve(text.slice(0, at)), resolve(text.slice(at + 1))] as const);
  const found = divided.find((places) => places.every((place) => statSync(place, { throwIfNoEntry: false })));
  if (found) return found;
  if (divided.length === 0) throw badSource(`pairs:${source}`, 'write pairs:LEFT,RIGHT');
  const missing = divided[0]!.filter((place) => !statSync(place, { throwIfNoEntry: false }));
  throw new ConfigError(`Source pairs:${source}: ${missing.join(' and ')} does not exist.`, {
    code: 'source-missing',
    context: { source },
  });
}

function kindOf(place: string, source: string): 'a file' | 'a folder of pictures' | 'a folder' {
  const stat = statSync(place);
  if (!stat.isDirectory() && !stat.isFile()) throw badSource(`pairs:${source}`, `${place} is no file and no folder`);
  if (stat.isFile()) return 'a file';
  return listSeries(place) ? 'a folder of pictures' : 'a folder';
}

/** Videos below a folder by their path from it, without extension. */
function videosOf(folder: string): ReadonlyMap<string, string> {
  return new Map(
    filesBelow(folder)
      .filter((file) => videoExtensions.has(extname(file).toLowerCase()))
      .map((file) => [relative(folder, file).slice(0, -extname(file).length), file]),
  );
}

function pairCandidate({
  left,
  right,
  key,
  corpus,
  rate,
}: {
  readonly left: string;
  readonly right: string;
  readonly key: string;
  readonly corpus: string;
  readonly rate?: readonly [number, number];
}): Candidate {
  const folder = join(corpus, 'media', 'pairs');
  const place = (file: string) => {
    const inside = relative(corpus, file);
    return inside.startsWith('..') || isAbsolute(inside) ? file : relative(folder, file);
  };
  const description: PairDescription = {
    schema: 1,
    kind: 'pair',
    left: place(left),
    right: place(right),
    ...(rate ? { rate } : {}),
  };
  const names = [left, right].map((file) => `${basename(dirname(file))}/${basename(file)}`);
  const fingerprint = sha256(JSON.stringify([key, names, rate ?? null])).slice(0, 16);
  return ownPlace({
    path: join(folder, `${fingerprint}${descriptionExtension}`),
    key,
    given: `pairs:${left},${right}`,
    licence: null,
    origin: null,
    benchmarks: {},
    described: { description, copies: [] },
  });
}
