import { existsSync } from 'node:fs';
import { ConfigError, didYouMean } from '../../core/index.js';

/** A source's text in parts: what is before the last `?`, and the `key=value` pairs after it, joined by `&`. */
export interface SourceText {
  readonly place: string;
  readonly settings: ReadonlyMap<string, string>;
}

/**
 * Takes the settings off a source such as `svg@1?digits=DIR&frames=20`. A place that exists with its `?` keeps it.
 *
 * @param known the keys that it may have.
 * @throws ConfigError `unknown-source` naming a key that is not known, or one without a value.
 */
export function parseSourceText(text: string, known: readonly string[]): SourceText {
  const at = text.lastIndexOf('?');
  if (at < 0 || existsSync(text)) return { place: text, settings: new Map() };
  const settings = new Map<string, string>();
  for (const pair of text.slice(at + 1).split('&')) {
    const [key = '', ...rest] = pair.split('=');
    if (!known.includes(key))
      throw badSource(
        text,
        `it has no setting ${JSON.stringify(key)}${didYouMean(key, known) || `; known: ${known.join(', ')}`}`,
      );
    if (rest.length === 0) throw badSource(text, `write ${key}=value`);
    settings.set(key, rest.join('='));
  }
  return { place: text.slice(0, at), settings };
}

/** A whole number among the settings, or the default. */
export function wholeSetting(
  { settings }: SourceText,
  key: string,
  { least, otherwise }: { readonly least: number; readonly otherwise: number },
): number {
  const text = settings.get(key);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
    throw badSource(`${key}=${text}`, `${key} is a whole number of at least ${least}`);
  return value;
}

/**
 * Frames per second as a fraction, from `25`, `29.97` or `30000/1001`.
 *
 * @throws ConfigError `unknown-source`.
 */
export function parseRate(text: string): readonly [number, number] {
  const [, whole, part = '', divisor = '1'] = /^(\d{1,6})(?:\.(\d{1,3}))?(?:\/(\d{1,6}))?$/.exec(text.trim()) ?? [];
  const scale = Number(`1${'0'.repeat(part.length)}`);
  const [top, bottom] = [Number(`${whole}${part}`), Number(divisor) * scale];
  if (whole === undefined || top === 0 || bottom === 0)
    throw badSource(text, 'frames per second are a number above 0 such as 10, 29.97 or 30000/1001');
  const common = greatestDivisor(top, bottom);
  return [top / common, bottom / common];
}

/** A ConfigError `unknown-source`: `source: why`. */
export function badSource(source: string, why: string): ConfigError {
  return new ConfigError(`Source ${source}: ${why}.`, { code: 'unknown-source', context: { source } });
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
