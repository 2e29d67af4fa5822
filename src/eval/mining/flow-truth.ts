import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative } from 'node:path';
import { ConfigError } from '../../core/index.js';
import type { EstimatorFrame } from '../../mining/index.js';
import { parseFlo, parseKittiFlow } from '../../vision/index.js';
import { readPicture } from './frames.js';
import { foldersAt, picturePaths } from './truth.js';

/** Two pictures on the disk and where each pixel of the first goes. */
export interface FlowTruth {
  readonly name: string;
  /** `flow`: float32 [height, width, 2], NaN where unknown. */
  readonly load: () => Promise<{
    readonly frames: readonly [EstimatorFrame, EstimatorFrame];
    readonly flow: Float32Array;
  }>;
}

interface PairFiles {
  readonly flow: string;
  readonly pictures: readonly [string, string];
}

/**
 * The pairs at and under a folder: a folder with one flow file and two pictures (Middlebury); a folder of flow files
 * whose pictures share what stands before `flow` in their names (Flying Chairs); and KITTI's `flow_occ` or `flow_noc`
 * beside `image_2` or `colored_0`.
 */
export function openFlowPairs(dir: string): readonly FlowTruth[] {
  return foldersAt(dir)
    .flatMap((folder) => pairsIn(folder))
    .map(({ flow, pictures: [first, second] }) => ({
      name: relative(dir, flow) || basename(flow),
      async load() {
        const frames = [await readPicture(first), await readPicture(second, 1 / 25)] as const;
        const truth = await readFlow(flow);
        const [{ width, height }] = frames;
        if (truth.width !== width || truth.height !== height) {
          throw new ConfigError(
            `${flow} is of ${truth.width}×${truth.height} pixels, its picture of ${width}×${height}.`,
            { context: { flow, picture: first } },
          );
        }
        return { frames, flow: truth.flow };
      },
    }));
}

function pairsIn(folder: string): readonly PairFiles[] {
  const kitti = kittiPairs(folder);
  if (kitti) return kitti;
  const files = [...picturePaths(folder), ...floPaths(folder)];
  const flows = files.filter((path) => /\.flo$/i.test(path) || /^flow.*\.png$/i.test(basename(path))).sort();
  const pictures = files.filter((path) => !flows.includes(path));
  if (flows.length === 1 && pictures.length === 2) {
    return [{ flow: flows[0]!, pictures: [pictures[0]!, pictures[1]!] }];
  }
  return flows.flatMap((flow) => {
    const before = /^(.*?)_?flow/i.exec(basename(flow, extname(flow)))?.[1] ?? '';
    const own = pictures.filter((path) => before !== '' && new RegExp(`^${escape(before)}_?\\D`).test(basename(path)));
    return own.length === 2 ? [{ flow, pictures: [own[0]!, own[1]!] as const }] : [];
  });
}

function kittiPairs(folder: string): readonly PairFiles[] | null {
  if (!/^flow_(occ|noc)$/.test(basename(folder))) return null;
  if (basename(folder) === 'flow_noc' && existsSync(join(dirname(folder), 'flow_occ'))) return []; // a part of the other
  const images = ['image_2', 'colored_0', 'image_0']
    .map((name) => join(dirname(folder), name))
    .find((path) => existsSync(path));
  if (images === undefined) return null;
  return picturePaths(folder).flatMap((flow) => {
    const first = join(images, basename(flow));
    const second = join(images, basename(flow).replace(/_10\.png$/, '_11.png'));
    return first !== second && existsSync(first) && existsSync(second) ? [{ flow, pictures: [first, second] }] : [];
  });
}

async function readFlow(path: string) {
  const bytes = readFileSync(path);
  const field = /\.flo$/i.test(path) ? parseFlo(bytes) : await parseKittiFlow(bytes);
  const flow = field.flow.map((value, i) => (field.valid[i >> 1] === 1 ? value : NaN));
  return { ...field, flow };
}

function floPaths(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => /\.flo$/i.test(name))
    .map((name) => join(folder, name));
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
