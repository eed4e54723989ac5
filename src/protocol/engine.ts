import type { Candidates, CandidatesRequest, ContinueResult, ContinueRequest } from './generation.js';
import type { ExportMethods } from './exports.js';
import type { HeadTypes } from './head-types.js';
import type { Intervention } from './interventions.js';
import type { Span } from './wire.js';
import type { Preview } from './media.js';
import type { LayerPicture, ModelPage } from './model-page.js';
import type { FoundModel, MechanismDescription, ModelReference } from './models.js';
import type { InspectionSummary, ParameterValues, Variant } from './inspection.js';
import type { OpenRequest, OpenResult } from './open.js';
import type {
  Arithmetic,
  ArithmeticRequest,
  Classes,
  Finding,
  Metric,
  Plot,
  Rollout,
  RolloutRequest,
  Slice,
  SliceRequest,
  Thumbnails,
} from './views.js';

/** What the engine process answers. */
export type EngineMethods = ExportMethods & {
  /** Opens what is brought: the first source that reads it prepares it. */
  open: { params: OpenRequest; result: OpenResult };
  /** Re-runs with some parameters changed. Interventions stay where they are left out; none are made where there are none in the list. */
  change: {
    params: {
      inspection: string;
      parameters: ParameterValues;
      interventions?: readonly Intervention[];
    };
    result: InspectionSummary;
  };
  slice: { params: SliceRequest; result: Slice };
  arithmetic: { params: ArithmeticRequest; result: Arithmetic };
  /** Of some layers; of all where they are left out. */
  thumbnails: { params: { inspection: string; size: number; layers?: Span }; result: Thumbnails };
  /** What a head's given numbers show, in words. */
  findings: { params: { inspection: string; layer: number; head: number }; result: readonly Finding[] };
  metrics: { params: { inspection: string; layer: number; head: number }; result: readonly Metric[] };
  /**
   * Runs the inspection's input again beside it, once for each set of changes to its parameters. A variant is asked for
   * slices, arithmetic, thumbnails and metrics like an inspection; those of the call before go, and all with the inspection.
   */
  compare: {
    params: { inspection: string; variants: readonly ParameterValues[] };
    result: readonly Variant[];
  };
  plot: { params: { inspection: string; layer: number; head: number; name: string }; result: Plot };
  /** Goes on with the text that was inspected, a token at a time. Progress carries what was said so far. */
  continue: { params: ContinueRequest; result: ContinueResult };
  /** Lets a continuation that is under way end with the tokens that came. */
  halt: { params: { inspection: string }; result: null };
  /** What a model expects after one of the queries. */
  candidates: { params: CandidatesRequest; result: Candidates };
  /** One row or column of the attention through several layers. */
  rollout: { params: RolloutRequest; result: Rollout };
  /** What a model takes the whole for: at most so many classes, the likeliest first. */
  classes: { params: { inspection: string; count: number }; result: Classes };
  /** The head to look at first; null where nothing tells. */
  tellingHead: {
    params: { inspection: string };
    result: { readonly layer: number; readonly head: number } | null;
  };
  /** An image that was brought, its longer side at most so many pixels. */
  preview: { params: { inspection: string; medium: string; side: number }; result: Preview };
  close: { params: { inspection: string }; result: null };
  /** Looks for checkpoints in these folders, not deeper than a few levels. */
  models: { params: { folders: readonly string[] }; result: readonly FoundModel[] };
  /** Why a checkpoint with this config.json cannot be read; null where it can, as far as that file and headers of weights tell. */
  refusal: {
    params: {
      name: string;
      config: string;
      files: readonly string[];
      /** JSON: what files of weights say before their numbers. */
      headers: readonly { readonly file: string; readonly text: string }[];
    };
    result: string | null;
  };
  /** What a model is made of. */
  modelPage: { params: { model: ModelReference }; result: ModelPage };
  /** A layer of one of its stacks, as a picture. */
  modelLayer: { params: { model: ModelReference; stack: number; layer: number }; result: LayerPicture };
  /** What each head of a model does most, over a built-in text. */
  headTypes: { params: { model: ModelReference }; result: HeadTypes };
  /** Which files a model's heads would be classified with; null of a model whose heads are not probed. */
  headTypesIdentity: { params: { model: ModelReference }; result: string | null };
  /** Every mechanism there is, for lists. */
  mechanisms: { params: null; result: readonly MechanismDescription[] };
  /** For diagnostics and the benchmark: bytes, as the process itself sees them. */
  memory: { params: null; result: { readonly resident: number; readonly peak: number } };
};

/** What the engine process tells without being asked. */
export type EngineNotices = {
  log: { level: 'info' | 'warning' | 'error'; message: string };
};
