/**
 * Every message between the engine process, the extension host and the webviews.
 * It imports only types: those that the engine and the models define are described there alone. Numbers travel in typed arrays: plain JSON would turn NaN and −∞ into null.
 *
 * Axis order is [layer, head, query, key]; layers and heads count from 0 here, and are shown by `placeNumber`.
 */

export type * from './protocol/wire.js';
export type * from './protocol/models.js';
export type * from './protocol/model-page.js';
export type * from './protocol/answers.js';
export type * from './protocol/media.js';
export type * from './protocol/sound.js';
export type * from './protocol/inspection.js';
export type * from './protocol/doctor.js';
export type * from './protocol/interventions.js';
export type * from './protocol/open.js';
export type * from './protocol/views.js';
export type * from './protocol/exports.js';
export type * from './protocol/generation.js';
export type * from './protocol/head-types.js';
export type * from './protocol/heads.js';
export type * from './protocol/engine.js';
export type * from './protocol/panel.js';
export type * from './protocol/pictures.js';
export type * from './protocol/explore.js';
