export { logMel, logMelFeatures, logMelNumbers, type LogMelGraph } from './log-mel.js';
export { melMiddles } from './mel-filters.js';
export { logMelSettings, type LogMelSettings } from './settings.js';
