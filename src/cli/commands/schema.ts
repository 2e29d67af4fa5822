import type { Command } from 'commander';
import { ConfigError, configJsonSchema, didYouMean } from '../../core/index.js';
import { addCommonOptions, runCommand, type CommonOptions } from '../command.js';

/** `reelmine schema COMMAND [NAME]`: the JSON Schema of its settings. */
export default function addSchema(program: Command): void {
  addCommonOptions(
    program
      .command('schema')
      .description('JSON Schema of the settings of a command')
      .argument('<command>', 'ingest, mine, train or eval')
      .argument('[name]', 'the signal, task or protocol'),
  ).action((command: string, name: string | undefined, options: CommonOptions) =>
    runCommand('schema', options, async () => {
      const schema = await schemaOf(command, name);
      return {
        counts: { done: 1, skipped: 0, failed: 0 },
        outputs: [],
        text: JSON.stringify(schema, null, 2),
        more: { schema },
      };
    }),
  );
}

async function schemaOf(command: string, name: string | undefined): Promise<unknown> {
  const { evaluators, ingestConfig, miners, tasks } = await import('../../index.js');
  const registry = { mine: miners, train: tasks, eval: evaluators }[command];
  if (command === 'ingest') return configJsonSchema(ingestConfig);
  if (!registry) {
    const known = ['ingest', 'mine', 'train', 'eval'];
    throw new ConfigError(
      `${JSON.stringify(command)} has no settings file${didYouMean(command, known)} With settings: ${known.join(', ')}.`,
    );
  }
  if (name === undefined)
    throw new ConfigError(`schema ${command} needs the ${registry.kind}: ${registry.names.join(', ')}.`);
  return configJsonSchema((await registry.load(name)).config);
}
