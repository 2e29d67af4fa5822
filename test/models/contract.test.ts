import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configJsonSchema, ConfigError, createRandom, packageRoot } from '../../src/core/index.js';
import { loopSettings, selectBackend, sumLayers } from '../../src/engine/index.js';
import { resolveTaskConfig, tasks, type TaskConfig } from '../../src/models/index.js';

describe.each(tasks.names)('the task %s', (name) => {
  it('is named as the registry names it and says what it eats', async () => {
    const task = await tasks.load(name);
    expect(task.name).toBe(name);
    expect(Number.isInteger(task.version) && task.version >= 1).toBe(true);
    expect(Object.keys(task.sample as object).length).toBeGreaterThan(0);
  });

  it('has a default and a description for every key, and the keys that every task has', async () => {
    const task = await tasks.load(name);
    const schema = configJsonSchema(task.config) as {
      properties: Record<string, { default?: unknown; description?: string }>;
    };
    for (const [key, { default: value, description }] of Object.entries(schema.properties)) {
      expect(value, key).toBeDefined();
      expect(description, key).toMatch(/\.$/);
    }
    const own = ['preset', 'steps', 'batchSize', 'learningRate', 'logEverySteps', 'checkpointEverySteps'];
    for (const key of [...own, ...Object.keys(loopSettings)]) {
      expect(Object.keys(schema.properties)).toContain(key);
    }
  });

  it('resolves every preset, and what the user sets wins', async () => {
    const task = await tasks.load(name);
    for (const preset of Object.keys(task.presets)) {
      const plain = resolveTaskConfig(task, { set: [`preset=${preset}`] }).config;
      expect(plain.preset).toBe(preset);
      for (const [key, value] of Object.entries(task.presets[preset] as Record<string, unknown>))
        expect(plain[key as keyof TaskConfig]).toEqual(value);
      expect(resolveTaskConfig(task, { set: [`preset=${preset}`, 'steps=7'] }).config.steps).toBe(7);
    }
  });

  it('names the nearest preset and the nearest key', async () => {
    const task = await tasks.load(name);
    expect(() => resolveTaskConfig(task, { set: ['preset=smal'] })).toThrow(/did you mean "small"/);
    expect(() => resolveTaskConfig(task, { set: ['stepss=3'] })).toThrow(/did you mean "steps"/);
    expect(() => resolveTaskConfig(task, { set: ['batchSize=0'] })).toThrow(ConfigError);
  });

  it('has a learning rate above 0 at every step, and a prepare module that exists and loads no engine', async () => {
    const task = await tasks.load(name);
    const { config } = resolveTaskConfig(task);
    for (const step of [0, Math.floor(config.steps / 2), config.steps - 1])
      expect(task.learningRate(config, step)).toBeGreaterThan(0);
    const module = (await import(/* @vite-ignore */ join(packageRoot(), 'src', `${task.prepare}.ts`))) as {
      prepare: unknown;
    };
    expect(typeof module.prepare).toBe('function');
  });

  it('lists its layers, if it does, with the parameters that it counts', async () => {
    await selectBackend('cpu');
    const task = await tasks.load(name);
    const trainer = task.createTrainer(resolveTaskConfig(task, { set: ['preset=tiny'] }).config, createRandom(1));
    if (trainer.network) expect(sumLayers(trainer.network).parameters).toBe(trainer.parameters);
    trainer.dispose();
  });
});
