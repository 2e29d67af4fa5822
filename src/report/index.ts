export type * from './data.js';
export { encodePictures, type RawClip, type RawPicture } from './frame-strip.js';
export { renderGallery, type GalleryData } from './gallery.js';
export { defaultLimits, renderReport } from './report.js';
export { chanceVerdict, gainVerdict, rivalVerdict, type Verdict } from './verdict.js';
