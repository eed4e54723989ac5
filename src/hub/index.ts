export { cachedModel } from './cache.js';
export { HubClient } from './client.js';
export { download } from './download.js';
export { choicesOf, listFiles, readHeaders, readText, type HubChoice, type HubListing } from './listing.js';
export { Rate } from './rate.js';
export { parseReference, type HubReference } from './reference.js';
export { hubSettings } from './settings.js';
export { sizeText } from './size.js';
