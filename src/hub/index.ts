export { cachedModel } from './cache.js';
export { HubClient } from './client.js';
export { download, sizeText } from './download.js';
export { HubError } from './error.js';
export { choicesOf, listFiles, type HubChoice, type HubListing } from './listing.js';
export { parseReference, type HubReference } from './reference.js';
export { hubSettings } from './settings.js';
