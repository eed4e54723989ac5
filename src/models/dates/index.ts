export { charactersOf } from './characters.js';
export { list, outputCharacters, outputLength, start, type DateAxis, type DateGraph } from './graph.js';
export { DateModel, dateScores, type DateReading } from './model.js';
