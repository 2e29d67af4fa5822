import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import type { VideoSource } from '../../core/index.js';
import { parseAuthors, uniteTuples, type ExchangeQuintuple, type UnitedTuples } from './exchange.js';

/** The names by which keys may call a source: of its files and of its entries in official lists, without extension. */
export function namesOf(source: VideoSource): readonly string[] {
  const entries = Object.values(source.benchmarks).flat();
  return [
    ...entries.map(({ key }) => basename(key)),
    ...source.paths.map((path) => basename(path, extname(path))),
    source.id,
  ];
}

/** Quintuples by the name of their video. */
export interface GivenTuples extends UnitedTuples {
  readonly byVideo: ReadonlyMap<string, readonly ExchangeQuintuple[]>;
  /** The same by names without capitals. */
  readonly byLower: ReadonlyMap<string, readonly ExchangeQuintuple[]>;
}

/** The quintuples of a source; where none has its name, those whose name differs in capitals alone. */
export function quintuplesOf(source: VideoSource, given: GivenTuples): readonly ExchangeQuintuple[] {
  const names = [...new Set(namesOf(source))];
  const exact = names.flatMap((name) => given.byVideo.get(name) ?? []);
  if (exact.length > 0) return exact;
  return [...new Set(names.map((name) => name.toLowerCase()))].flatMap((name) => given.byLower.get(name) ?? []);
}

const read = new Map<string, GivenTuples>(); // a worker mines many videos from the same files

/** What two files hold. */
export function readTuples(keys: string, labels: string): GivenTuples {
  const name = `${keys}\0${labels}`;
  const known =
    read.get(name) ?? index(uniteTuples(parseAuthors(readFileSync(keys, 'utf8'), readFileSync(labels, 'utf8'))));
  read.set(name, known);
  return known;
}

function index(united: UnitedTuples): GivenTuples {
  const byVideo = new Map<string, ExchangeQuintuple[]>();
  const byLower = new Map<string, ExchangeQuintuple[]>();
  for (const quintuple of united.quintuples) {
    for (const [map, name] of [
      [byVideo, quintuple.video],
      [byLower, quintuple.video.toLowerCase()],
    ] as const) {
      const list = map.get(name);
      if (list) list.push(quintuple);
      else map.set(name, [quintuple]);
    }
  }
  return { ...united, byVideo, byLower };
}
