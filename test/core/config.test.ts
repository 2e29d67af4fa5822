import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { canonicalJson, ConfigError, configJsonSchema, hashJson, loadConfig } from '../../src/core/index.js';

const schema = z.strictObject({
  tauMax: z.int().positive().default(60).describe('Distance of the outer frames.'),
  flow: z
    .strictObject({ width: z.int().default(160).describe('Pixels.') })
    .prefault({})
    .describe('Optical flow.'),
});

describe('loadConfig', () => {
  it('completes with defaults, applies the file, then the overrides, and freezes', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'reelmine-')), 'a.yaml');
    writeFileSync(file, 'tauMax: 30\nflow: { width: 80 }\n');
    const { config, hash } = loadConfig(schema, { file, set: ['flow.width=120'] });
    expect(config).toEqual({ tauMax: 30, flow: { width: 120 } });
    expect(Object.isFrozen(config.flow)).toBe(true);
    expect(hash).toBe(hashJson({ flow: { width: 120 }, tauMax: 30 }));
    expect(loadConfig(schema).config).toEqual({ tauMax: 60, flow: { width: 160 } });
  });

  it('names the nearest key for an unknown one, at any depth', () => {
    expect(() => loadConfig(schema, { set: ['tauMx=3'] })).toThrow(/"tauMx"; did you mean "tauMax"\?/);
    expect(() => loadConfig(schema, { set: ['flow.widht=3'] })).toThrow(/"flow.widht"; did you mean "width"\?/);
  });

  it('says which key is wrong, what a bad file is, and what --set takes', () => {
    expect(() => loadConfig(schema, { set: ['tauMax=-3'] })).toThrow(/tauMax: /);
    expect(() => loadConfig(schema, { file: '/nowhere/x.yaml' })).toThrow(ConfigError);
    expect(() => loadConfig(schema, { set: ['tauMax'] })).toThrow(/path.to.key=value/);
  });

  it('has a JSON Schema with defaults and descriptions', () => {
    expect(configJsonSchema(schema)).toMatchObject({
      properties: { tauMax: { default: 60, description: 'Distance of the outer frames.' } },
    });
  });
});

describe('canonicalJson', () => {
  it('does not depend on the order of keys but on that of lists', () => {
    expect(canonicalJson({ b: [2, 1], a: { d: 1, c: 2 } })).toBe('{"a":{"c":2,"d":1},"b":[2,1]}');
    expect(hashJson([1, 2])).not.toBe(hashJson([2, 1]));
  });
});
