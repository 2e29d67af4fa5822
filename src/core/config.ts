import { readFileSync } from 'node:fs';
import leven from 'leven';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { ConfigError } from './errors.js';
import { hashJson } from './hash.js';

/** A checked configuration and the hash of its canonical JSON. */
export interface LoadedConfig<C> {
  readonly config: Readonly<C>;
  readonly hash: string;
}

/**
 * Reads a configuration: the YAML file, then each `path.to.key=value`, checked, completed with defaults and frozen.
 * `file` is the path of a YAML file, whose whole content is the configuration; values in `set` are YAML scalars or flow collections;
 * `base` are settings of an earlier run that both override.
 *
 * @param schema a strict zod object in which every key has a default and a description.
 * @throws ConfigError naming the key, what is allowed, and for an unknown key the nearest one.
 */
export function loadConfig<C>(
  schema: z.ZodType<C>,
  {
    file,
    set = [],
    base = {},
  }: {
    readonly file?: string | undefined;
    readonly set?: readonly string[];
    readonly base?: Readonly<Record<string, unknown>>;
  } = {},
): LoadedConfig<C> {
  const raw: Record<string, unknown> = { ...structuredClone(base), ...(file === undefined ? {} : readYaml(file)) };
  for (const assignment of set) assign(raw, assignment);
  return checkConfig(schema, raw);
}

/** Checks a raw object as `loadConfig` does. */
export function checkConfig<C>(schema: z.ZodType<C>, raw: unknown): LoadedConfig<C> {
  const checked = schema.safeParse(raw);
  if (!checked.success) throw toConfigError(checked.error, schema);
  return { config: deepFreeze(checked.data), hash: hashJson(checked.data) };
}

/** The JSON Schema of a configuration, with defaults and descriptions. */
export function configJsonSchema(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

/** `, did you mean "x"?` if a known name is near, else an empty text. */
export function didYouMean(word: string, known: readonly string[]): string {
  const [nearest] = known
    .map((name) => ({ name, distance: leven(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return nearest && nearest.distance <= Math.max(2, word.length / 3)
    ? `; did you mean ${JSON.stringify(nearest.name)}?`
    : '';
}

function readYaml(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof YAMLParseError ? cause.message : 'cannot be read';
    throw new ConfigError(`Config file ${file}: ${why}.`, { context: { file }, cause });
  }
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError(`Config file ${file} must hold a map of keys.`, { context: { file } });
  return value as Record<string, unknown>;
}

function assign(raw: Record<string, unknown>, assignment: string): void {
  const at = assignment.indexOf('=');
  if (at < 1) throw new ConfigError(`--set takes path.to.key=value, got ${JSON.stringify(assignment)}.`);
  const path = assignment.slice(0, at).split('.');
  const last = path.pop() as string;
  let node = raw;
  for (const key of path) {
    const next = node[key];
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) node = next as Record<string, unknown>;
    else node = node[key] = {};
  }
  try {
    node[last] = parse(assignment.slice(at + 1)) as unknown;
  } catch (cause) {
    throw new ConfigError(`--set ${assignment}: the value is not valid YAML; quote it.`, { cause });
  }
}

function toConfigError(error: z.ZodError, schema: z.ZodType): ConfigError {
  const lines = error.issues.map((issue) => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, path);
      return issue.keys
        .map(
          (key) =>
            `unknown key ${JSON.stringify([...path, key].join('.'))}${didYouMean(key, known) || `; known: ${known.join(', ')}.`}`,
        )
        .join('; ');
    }
    return `${path.join('.') || 'config'}: ${issue.message}`;
  });
  return new ConfigError(`Config: ${lines.join('; ')}`, { context: { issues: error.issues } });
}

function keysAt(schema: z.ZodType, path: readonly string[]): readonly string[] {
  let node: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  for (const key of path) node = (node as { properties?: Record<string, unknown> }).properties?.[key] ?? {};
  return Object.keys((node as { properties?: Record<string, unknown> }).properties ?? {});
}

function deepFreeze<T>(value: T): Readonly<T> {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
