// Compiles src to dist, TypeScript and WebAssembly kernels (*.as.ts), and nothing when dist is newer than every source file.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

const root = new URL('..', import.meta.url);
process.chdir(fileURLToPath(root));
const stamp = 'dist/.tsbuildinfo';
const newest = (folder) =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs),
  );
const inputs = Math.max(newest('src'), statSync('tsconfig.json').mtimeMs, statSync('tsconfig.build.json').mtimeMs);
if (!existsSync(stamp) || statSync(stamp).mtimeMs < inputs) {
  await compileKernels();
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  chmodSync('dist/cli/main.js', 0o755);
}

/** Each `src/a/b.as.ts` that is newer than its `dist/a/b.wasm`, by the AssemblyScript compiler. */
async function compileKernels() {
  for (const entry of readdirSync('src', { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.as.ts')) continue;
    const source = join(entry.parentPath, entry.name);
    const target = source.replace(/^src/, 'dist').replace(/\.as\.ts$/, '.wasm');
    if (existsSync(target) && statSync(target).mtimeMs > newest(entry.parentPath)) continue; // they may import each other
    const { default: asc } = await import('assemblyscript/asc');
    mkdirSync(dirname(target), { recursive: true });
    const flags = ['--enable', 'simd', '--runtime', 'stub', '--noAssert', '-O3', '--importMemory'];
    const { error, stderr } = await asc.main([source, '--outFile', target, ...flags]);
    if (error) throw new Error(`${source}: ${error.message}\n${stderr.toString()}`);
  }
}
