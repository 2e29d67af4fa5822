// A program: opens a new database with the addon named by its first argument and checks that the file says data format 1.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface LmdbAddon {
  readonly version: { readonly major: number; readonly minor: number; readonly patch: number };
  readonly Env: new () => { open(options: object, flags: number, jsFlags: number): number; close(): void };
}

const [, , addon, file] = process.argv as [string, string, string, string];
const { Env, version } = createRequire(import.meta.url)(addon) as LmdbAddon;
const noSubfolder = 0x4000;
const environment = new Env();
const status = environment.open(
  { path: file, keyBytes: Buffer.alloc(4096), maxDbs: 4, maxReaders: 4, mapSize: 1 << 20, pageSize: 4096 },
  noSubfolder,
  0,
);
if (status) throw new Error(`LMDB returns ${status} on opening ${file}.`);
environment.close();
const page = readFileSync(file);
const [magic, format] = [page.readUInt32LE(16), page.readUInt32LE(20)]; // after the page header
if (magic !== 0xbeefc0de || format !== 1)
  throw new Error(`The file says magic ${magic.toString(16)}, data format ${format}.`);
process.stdout.write(JSON.stringify({ version, format }));
