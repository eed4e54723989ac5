export { charactersOf, type Character } from './characters.js';
export {
  firstCharacter,
  list,
  outputCharacters,
  outputLength,
  start,
  type DateAxis,
  type DateGraph,
  type DateLayer,
} from './graph.js';
export { DateModel, dateScores, type Accuracy, type DateReading } from './model.js';
