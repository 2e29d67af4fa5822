import type { Command } from 'commander';

/**
 * Adds one command to the program. `isAsked`: it is the one that the user named, so that its help may load what it lists.
 */
export type CommandModule = (program: Command, isAsked: boolean) => void | Promise<void>;

const modules: Readonly<Record<string, () => Promise<{ readonly default: CommandModule }>>> = {
  doctor: () => import('./doctor.js'),
  setup: () => import('./setup.js'),
  ingest: () => import('./ingest.js'),
  retry: () => import('./retry.js'),
  mine: () => import('./mine.js'),
  train: () => import('./train.js'),
  eval: () => import('./eval.js'),
  encode: () => import('./encode.js'),
  predict: () => import('./predict.js'),
  report: () => import('./report.js'),
  inspect: () => import('./inspect.js'),
  verify: () => import('./verify.js'),
  diff: () => import('./diff.js'),
  merge: () => import('./merge.js'),
  forget: () => import('./forget.js'),
  export: () => import('./export.js'),
  import: () => import('./import.js'),
  schema: () => import('./schema.js'),
  demo: () => import('./demo.js'),
};

/** Every command's name, in the order in which a user meets them. */
export const commandNames: readonly string[] = Object.keys(modules);

/** Loads the named command only, or all of them where the name is none: start-up stays short. */
export async function addCommands(program: Command, name: string | undefined): Promise<void> {
  const wanted = name !== undefined && name in modules ? [name] : commandNames;
  for (const each of wanted) {
    const module = await modules[each]?.();
    await module?.default(program, each === name);
  }
}
