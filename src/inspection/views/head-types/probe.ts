import {
  headTypes,
  strongest,
  type HeadType,
  type PatchTokens,
  type ProbeTokens,
} from '../../../engine/head-types/index.js';
import { patchDistance } from '../../../engine/metrics/patch-distance.js';
import { Model, otherReader, VisionModel, type OpenModel } from '../../../models/index.js';
import type { HeadTypes, InspectionSummary, AttentionStack, StackHeadTypes } from '../../../protocol.js';
import type { Runtime } from '../../../runtime/session.js';
import { Inspection } from '../../core/inspection.js';
import type { Preparation } from '../../core/preparation.js';
import type { Task } from '../../core/task.js';
import type { ModelHandle } from '../../core/models.js';
import { openSequence } from '../../sources/sequence/index.js';
import { takeOver } from '../../core/source.js';
import { imageInput } from '../../core/image-input.js';
import { ImagePreparation } from '../../sources/image-preparation.js';
import { TextPreparation } from '../../sources/text.js';
import { passage } from './passage.js';
import { probePicture } from './picture.js';
import { repeatedTokens } from './repeated.js';
import { placeAmong } from '../../../common/counting.js';

/** One of the texts that a model reads, and the attention that is looked at. */
interface Reading {
  readonly preparation: Preparation;
  readonly stack: AttentionStack;
  readonly text: HeadType['text'];
  /** Undefined where queries and keys are not the same tokens. */
  readonly ids: readonly number[] | undefined;
  /** Where it is a picture that is read. */
  readonly patches?: PatchTokens;
}

/** What was found in an attention. */
interface Found {
  readonly summary: InspectionSummary;
  readonly scores: readonly Map<string, number>[];
  /** Of a picture: the mean distance from patch to patch of each head, in patches. */
  readonly distances: readonly number[] | undefined;
}

/**
 * What each head of a model does most, over a text, or over a picture where it reads images. An encoder–decoder model is probed in its three attentions, with the passage as its
 * source and as its target; random tokens are read by the others only.
 * @param lend opens the model; every handle is released
 * @throws ModelError, RunError, or the signal's reason
 */
export async function probe(
  lend: () => Promise<ModelHandle<OpenModel>>,
  identity: string,
  runtime: Runtime,
  task: Task,
): Promise<HeadTypes> {
  const readings = await readingsOf(lend, runtime);
  const scores = new Map<AttentionStack, Found>();
  try {
    for (const [at, reading] of readings.entries()) {
      const inspection = await Inspection.open(
        `probe-${at}`,
        shared(reading.preparation),
        runtime,
        { parameters: reading.stack === 'self' ? {} : { attention: reading.stack } },
        task,
      );
      const found = await scoresOf(inspection, reading, {
        ...task,
        progress: (message, fraction) =>
          task.progress?.(message, fraction === null ? null : (at + fraction) / readings.length),
      });
      const before = scores.get(reading.stack)?.scores;
      scores.set(reading.stack, {
        summary: inspection.summary,
        scores: found.scores.map((each, head) => new Map([...(before?.[head] ?? []), ...each])),
        distances: found.distances,
      });
    }
  } finally {
    await Promise.all(
      [...new Set(readings.map(({ preparation }) => preparation))].map((each) => each.dispose()),
    );
  }
  return {
    identity,
    described: headTypes.map(({ name, title, label, note, threshold }) => ({
      name,
      title,
      label,
      note,
      threshold,
    })),
    stacks: [...scores].map(([stack, found]) => typesOf(stack, found)),
  };
}

async function readingsOf(
  acquire: () => Promise<ModelHandle<OpenModel>>,
  runtime: Runtime,
): Promise<readonly Reading[]> {
  return takeOver(await acquire(), async (opened): Promise<readonly Reading[]> => {
    const { model, ...rest } = opened;
    if (model instanceof VisionModel) return [readingOfPicture({ model, ...rest }, runtime)];
    if (!(model instanceof Model)) throw otherReader(model, 'text');
    const handle: ModelHandle = { model, ...rest };
    if (model.decoder !== undefined) {
      const preparation = await openSequence(handle, [passage, passage], runtime);
      return (['encoder', 'decoder', 'cross'] as const).map((stack): Reading => ({
        preparation,
        stack,
        text: 'passage',
        ids: undefined,
      }));
    }
    const encoding = await model.encode(passage);
    const read = new TextPreparation(handle, encoding, runtime);
    const english: Reading = { preparation: read, stack: 'self', text: 'passage', ids: encoding.ids };
    const repeated = await repeatedTokens(model, encoding);
    if (repeated === undefined) return [english];
    const again = new TextPreparation(await lent(acquire), repeated, runtime);
    return [english, { preparation: again, stack: 'self', text: 'repeated', ids: repeated.ids }];
  });
}

/** The model for text again, for another preparation to release. */
async function lent(acquire: () => Promise<ModelHandle<OpenModel>>): Promise<ModelHandle> {
  const { model, ...rest } = await acquire();
  if (model instanceof Model) return { model, ...rest };
  await rest.release();
  throw otherReader(model, 'text');
}

/** The built-in picture, prepared as the model's own images are. */
function readingOfPicture(handle: ModelHandle<VisionModel>, runtime: Runtime): Reading {
  const input = imageInput({ name: 'picture', image: probePicture() }, handle.model.processor);
  const { tokens, grid } = handle.model.build(input.processed);
  return {
    preparation: new ImagePreparation(handle, input, runtime),
    stack: 'self',
    text: 'picture',
    ids: tokens.map((_, at) => at),
    patches: {
      grid: { ...grid, first: tokens.findIndex(({ kind }) => kind === 'patch') },
      classes: tokens.map(({ kind }) => kind === 'class' || kind === 'distillation'),
      registers: tokens.map(({ kind }) => kind === 'register'),
    },
  };
}

/** A preparation that several inspections use, and that is not theirs to close. */
function shared(preparation: Preparation): Preparation {
  return {
    prepare: (setting, task) => preparation.prepare(setting, task),
    dispose: () => Promise.resolve(),
  };
}

/** Of each layer and head, by the type's name. */
async function scoresOf(
  inspection: Inspection,
  { stack, text, ids, patches }: Reading,
  task: Task,
): Promise<Omit<Found, 'summary'>> {
  const { layers, heads, keys, queries } = inspection.summary;
  const mask = inspection.isCausal ? 'causal' : 'none';
  const looked = headTypes.filter(
    (each) => each.text === text && each.masks.includes(mask) && (!each.self || stack !== 'cross'),
  );
  const tokens: ProbeTokens = {
    ids: ids ?? Array.from({ length: queries.count }, (_, at) => at),
    sinks: Array.from({ length: keys.count }, (_, key) => key === 0 || keys.marks?.[key] === null),
    ...(patches === undefined ? {} : { patches }),
  };
  const distances: number[] = [];
  const scores: Map<string, number>[] = [];
  for (let layer = 0; layer < layers; layer++) {
    task.progress?.(`Layer ${placeAmong(layer, layers)}`, layer / layers);
    const gathered = Array.from({ length: heads }, () => looked.map((each) => each.begin(tokens)));
    const far = Array.from({ length: patches === undefined ? 0 : heads }, () =>
      patchDistance.begin({ queries: patches?.grid ?? null, keys: patches?.grid ?? null }),
    );
    await inspection.rows(
      layer,
      (head, query, weights) => {
        for (const gathering of gathered[head] ?? []) gathering.row(weights, query);
        far[head]?.row(weights, query);
      },
      task,
    );
    for (const own of gathered) {
      scores.push(new Map(looked.map(({ name }, at) => [name, own[at]?.result() ?? Number.NaN])));
    }
    distances.push(...far.map((each) => each.result()));
  }
  return { scores, distances: patches === undefined ? undefined : distances };
}

function typesOf(
  stack: AttentionStack,
  { summary: { layers, heads }, scores, distances }: Found,
): StackHeadTypes {
  // What there is nothing of, as registers in most models, was not looked for.
  const seen = new Set(
    scores.flatMap((each) => [...each].flatMap(([name, score]) => (Number.isNaN(score) ? [] : [name]))),
  );
  return {
    stack,
    layers,
    heads,
    looked: headTypes.filter(({ name }) => seen.has(name)).map(({ name }) => name),
    types: scores.map((each) => {
      const type = strongest(each);
      return type === undefined ? null : { name: type.name, score: each.get(type.name) ?? 0 };
    }),
    ...(distances === undefined
      ? {}
      : { distances: distances.map((each) => (Number.isNaN(each) ? null : each)) }),
  };
}
