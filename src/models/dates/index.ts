export { charactersOf } from './characters.js';
export { list, outputCharacters, outputLength, start, type DateAxis, type DateGraph } from './graph.js';
export { DateModel, type DateReading } from './model.js';
