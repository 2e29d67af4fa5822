import type { SvgLpConfig } from './config.js';

/** What a dataset's published runs used. */
type DatasetValues = Pick<SvgLpPlan, 'backbone' | 'channels' | 'latentSize' | 'klWeight' | 'observes' | 'predicts'>;

/**
 * Source: Denton and Fergus, ICML 2018, section 5 and appendix; edenton/svg, README.md. Of KTH the paper's numbers are taken, 32
 * and a rate of 0.002, where the README has 24 and 0.0008.
 */
const datasets: Readonly<Record<SvgLpConfig['dataset'], DatasetValues>> = {
  'sm-mnist': { backbone: 'dcgan', channels: 1, latentSize: 10, klWeight: 1e-4, observes: 5, predicts: 10 },
  kth: { backbone: 'vgg', channels: 1, latentSize: 32, klWeight: 1e-6, observes: 10, predicts: 10 },
  bair: { backbone: 'vgg', channels: 3, latentSize: 64, klWeight: 1e-4, observes: 2, predicts: 10 },
};

/** The settings with nothing left open. */
export type SvgLpPlan = { readonly [K in keyof SvgLpConfig]: NonNullable<SvgLpConfig[K]> };

/** The settings with the dataset's values where there are none. */
export function planModel(config: SvgLpConfig): SvgLpPlan {
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
  return { ...datasets[config.dataset], ...given } as SvgLpPlan;
}
