import { openPages, type Entry, type PageReader } from './lmdb-pages.js';
import { decodeUnitRecord, encodeUnitRecord, markAt, markOf, type EncodedUnit, type UnitRecord } from './shard.js';

/** A unit of which something is lost. */
export interface LostUnit {
  readonly unit: string;
  /** Samples that could be kept: their SHA-256 is in the unit's record. */
  readonly kept: number;
  /** Samples that it had; null if its record is lost, so that no sample of it can be trusted. */
  readonly of: number | null;
}

interface KnownUnit {
  readonly key: Uint8Array;
  readonly bytes: Uint8Array;
  readonly record: UnitRecord;
}

/**
 * Everything in a damaged shard that is sound beyond doubt: whole units as they were written, and of others the samples whose SHA-256 is in
 * the unit's record, as units that are incomplete. First along the trees; for what those lack, on every page of the file.
 *
 * @throws StoreError `not-lmdb` or `missing` if nothing can be read.
 */
export function* salvageUnits(path: string, onLost: (lost: LostUnit) => void): Generator<EncodedUnit> {
  const pages = openPages(path, 'salvage');
  try {
    const known = findUnits(pages);
    const pending = new Map(known);
    const orphans = new Set<string>();
    for (const { unit, samples } of unitsInOrder(pages)) {
      const found = known.get(unit);
      if (!found) orphans.add(unit);
      const sound = found ? samples.filter((sample) => isOf(found.record, sample)) : [];
      if (!found || sound.length !== found.record.samples) continue;
      pending.delete(unit);
      yield { key: found.key, record: found.bytes, samples: sound };
    }
    const places = pending.size === 0 ? new Map<string, Map<string, number>>() : findPlaces(pages, pending);
    for (const [unit, { key, bytes, record }] of pending) {
      const samples = [...(places.get(unit) ?? [])]
        .map(([name, place]) => ({ key: Buffer.from(name), value: pages.valueAt(place) }))
        .sort((a, b) => Buffer.compare(a.key, b.key));
      if (samples.length === record.samples) {
        yield { key, record: bytes, samples };
        continue;
      }
      onLost({ unit, kept: samples.length, of: record.samples });
      if (samples.length === 0) continue;
      const { rejections } = record;
      yield { key, record: encodeUnitRecord(samples, { rejections, incomplete: true }), samples };
    }
    for (const unit of orphans) onLost({ unit, kept: 0, of: null });
  } finally {
    pages.close();
  }
}

/** Records of units that can be read, by unit; where the tree is damaged, from any page. */
function findUnits(pages: PageReader): Map<string, KnownUnit> {
  const known = new Map<string, KnownUnit>();
  const damage: string[] = [];
  const add = (key: Uint8Array, bytes: Uint8Array | null) => {
    const unit = Buffer.from(key).toString();
    if (!bytes || known.has(unit)) return;
    try {
      known.set(unit, { key, bytes, record: decodeUnitRecord(bytes) });
    } catch {
      damage.push(unit); // another version of it may lie elsewhere
    }
  };
  for (const { key, value } of pages.entries('units', (message) => damage.push(message))) add(key, value);
  if (damage.length > 0) for (const { key, value } of pages.scan()) if (isUnitKey(key)) add(key, value());
  return new Map([...known].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

/** Samples along their tree, unit by unit; what is damaged is left out. */
function* unitsInOrder(pages: PageReader): Generator<{ readonly unit: string; readonly samples: readonly Entry[] }> {
  let unit: string | null = null;
  let samples: Entry[] = [];
  for (const entry of pages.entries('samples', () => {})) {
    const own = unitOf(entry.key);
    if (own !== unit) {
      if (unit !== null) yield { unit, samples };
      [unit, samples] = [own, []];
    }
    samples.push(entry);
  }
  if (unit !== null) yield { unit, samples };
}

/** Where the sound samples of some units lie, by unit and key. */
function findPlaces(pages: PageReader, wanted: ReadonlyMap<string, KnownUnit>): Map<string, Map<string, number>> {
  const places = new Map<string, Map<string, number>>();
  for (const { key, value, place } of pages.scan()) {
    const unit = unitOf(key);
    const found = wanted.get(unit);
    const bytes = found && value();
    if (!bytes || !isOf(found.record, { key, value: bytes })) continue;
    const own = places.get(unit) ?? new Map<string, number>();
    places.set(unit, own.set(Buffer.from(key).toString(), place));
  }
  return places;
}

let last: { readonly record: UnitRecord; readonly marks: ReadonlySet<string> } | null = null;

/** True if a unit's record knows a sample; one unit is asked for many times in a row. */
function isOf(record: UnitRecord, sample: Entry): boolean {
  if (last?.record !== record)
    last = { record, marks: new Set(Array.from({ length: record.samples }, (_, n) => markAt(record, n))) };
  return last.marks.has(markOf(record, sample));
}

/** Everything before the last slash. */
function unitOf(key: Uint8Array): string {
  const name = Buffer.from(key).toString();
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

function isUnitKey(key: Uint8Array): boolean {
  return /^[^/]+\/\d+$/.test(Buffer.from(key).toString());
}
