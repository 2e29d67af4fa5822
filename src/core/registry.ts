import { ConfigError } from './errors.js';
import { didYouMean } from './config.js';

/** Names and their lazily loaded definitions. */
export interface Registry<D> {
  readonly kind: string;
  readonly names: readonly string[];
  /**
   * The definition of that name.
   *
   * @throws ConfigError naming the nearest known name.
   */
  load(name: string): Promise<D>;
}

/** A registry from a map of name to module; each module default-exports its definition. */
export function defineRegistry<D extends { readonly name: string }>(
  kind: string,
  modules: Readonly<Record<string, () => Promise<{ readonly default: D }>>>,
): Registry<D> {
  const names = Object.keys(modules).sort();
  return {
    kind,
    names,
    async load(name) {
      const load = modules[name];
      if (!load) {
        throw new ConfigError(
          `There is no ${kind} ${JSON.stringify(name)}${didYouMean(name, names)}. Known: ${names.join(', ')}.`,
          {
            code: 'unknown-name',
            context: { kind, name, known: names },
          },
        );
      }
      return (await load()).default;
    },
  };
}
