import type { Value } from '../../engine/graph.js';
import { inMemory, type Tensor, type TensorSource } from '../../engine/tensor.js';
import type { DateGraph } from '../../models/dates/index.js';
import type { Intervention } from '../../protocol.js';
import { pair } from '../run/capture.js';
import { checkInterventions, InterventionError } from '../run/check-interventions.js';
import { growing, intervene, isWhole } from '../run/interventions.js';

/**
 * Interventions that can be made in a date model, spelled out.
 * @throws InterventionError for the first that cannot be
 */
export function checkDateInterventions(
  interventions: readonly Intervention[],
  { attentions, shown, layers, heads }: DateGraph,
  name: string,
): readonly Intervention[] {
  return interventions.flatMap((each) => {
    const { attention = shown } = each;
    const ran = attentions.get(attention);
    if (ran === undefined) {
      throw new InterventionError(
        `${name} has no attention “${attention}” to set a step in; there are: ${[...attentions.keys()].join(', ')}.`,
      );
    }
    // Presented steps have all queries, also where one after the other is run.
    const steps = attention === shown ? layers.map((layer) => layer.steps) : ran.map(([first = []]) => first);
    const openRows =
      attention === 'encoder' || !isWhole(each)
        ? growing.none
        : attention === 'decoder'
          ? growing.both
          : growing.queries;
    return checkInterventions([each], { layers: steps }, heads, { attention, openRows });
  });
}

/** A date model with what is set in it, and what that is fed. */
interface SetDates {
  readonly graph: DateGraph;
  readonly feeds: ReadonlyMap<Value, Tensor>;
}

/** @param interventions that were checked */
export function setDates(graph: DateGraph, interventions: readonly Intervention[]): SetDates {
  const { attentions, layers, decoder } = graph;
  const places: { readonly attention: string; readonly layer: number; readonly query: number | undefined }[] =
    [];
  const lists: (readonly Value[])[] = [];
  for (const [attention, ran] of attentions) {
    ran.forEach((runs, layer) => {
      runs.forEach((steps, at) => {
        lists.push(steps);
        places.push({ attention, layer, query: runs.length === 1 ? undefined : at });
      });
    });
  }
  const spread = interventions.flatMap((each) =>
    places.flatMap(({ attention, layer, query }, list): Intervention[] => {
      if (attention !== each.attention || layer !== each.layer) return [];
      if (query === undefined) return [{ ...each, layer: list }];
      const step = lists[list]?.find(({ label }) => label?.name === each.step);
      return step === undefined ? [] : ofQuery(each, step, query).map((own) => ({ ...own, layer: list }));
    }),
  );
  const also = [
    ...layers.flatMap(({ inputs }) => [...inputs.values()]),
    ...(decoder === undefined ? [] : [decoder.memory]),
  ];
  const layered = { layers: lists, logits: graph.logits, also };
  const set = intervene(layered, spread, graph.heads);
  const after = new Map(also.map((value, at) => [value, set.graph.also[at] ?? value]));
  const take = (value: Value): Value => after.get(value) ?? value;
  return {
    graph: {
      ...graph,
      layers: layers.map((layer) => ({
        ...layer,
        inputs: new Map([...layer.inputs].map(([leaf, from]) => [leaf, take(from)])),
      })),
      logits: set.graph.logits,
      ...(decoder === undefined ? {} : { decoder: { ...decoder, memory: take(decoder.memory) } }),
    },
    feeds: set.feeds(0),
  };
}

/** The part of an intervention in one query’s own run: of steps that have a row for each query, this one’s alone. */
function ofQuery(each: Intervention, { label }: Value, query: number): Intervention[] {
  if (label?.axes.at(-2) !== 'query') return [each];
  const { rows, set, ...own } = each;
  if (rows !== undefined && (query < rows.start || query >= rows.end)) return [];
  if (set.kind !== 'values') return [{ ...own, set }];
  const [, columns = 0] = set.values.shape;
  const start = (query - (rows?.start ?? 0)) * columns;
  const values = { shape: [1, columns], data: set.values.data.subarray(start, start + columns) };
  return [{ ...own, set: { kind: 'values', values } }];
}

/** The layers that are presented, with what is set in them and the numbers that this takes. */
export function presentedLayers(
  { layers, shown, heads }: DateGraph,
  interventions: readonly Intervention[],
  sources: ReadonlyMap<Value, TensorSource>,
): readonly { readonly steps: readonly Value[]; readonly kept: Map<Value, TensorSource> }[] {
  const own = interventions.filter(({ attention }) => attention === shown);
  const { graph, feeds, renamed } = intervene({ layers: layers.map(({ steps }) => steps) }, own, heads);
  const numbers = [...feeds(0)].map(([leaf, tensor]) => [leaf, inMemory(tensor)] as const);
  return layers.map(({ inputs }, layer) => {
    const kept = new Map([...inputs].flatMap(([leaf, from]) => pair(leaf, sources.get(from))));
    for (const [value, leaf] of renamed) pair(value, kept.get(leaf)).forEach((each) => kept.set(...each));
    for (const each of numbers) kept.set(...each);
    return { steps: graph.layers[layer] ?? [], kept };
  });
}
