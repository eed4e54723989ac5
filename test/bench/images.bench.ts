import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenRequest } from '../../src/protocol.js';
import { summaryOf } from '../support/summaries.js';
import { EngineProcess } from './engine-process.js';
import { inPython, print, type Measured } from './measured.js';
import { peakOf } from './processes.js';
import { benchmark } from './table.js';

const threads = availableParallelism();
const image = join(process.cwd(), 'test/fixtures/checkpoints/scene.png');

interface Tried {
  readonly name: string;
  readonly tokens: number;
  readonly times: number;
  /** Class of transformers, its settings, and those of its processor. */
  readonly family: string;
  readonly config: object;
  readonly processor: object;
  /** Of the image that the model is given, in pixels. */
  readonly edge: number;
}

const models: readonly Tried[] = [
  {
    name: 'ViT-B/16',
    tokens: 197,
    times: 7,
    family: 'ViT',
    config: {},
    processor: { image_processor_type: 'ViTImageProcessor', size: { height: 224, width: 224 } },
    edge: 224,
  },
  {
    name: 'DINOv2-S at 518 pixels',
    tokens: 1370,
    times: 3,
    family: 'Dinov2',
    config: { hidden_size: 384, num_attention_heads: 6, image_size: 518, patch_size: 14 },
    processor: {
      image_processor_type: 'BitImageProcessor',
      size: { height: 518, width: 518 },
      do_center_crop: false,
    },
    edge: 518,
  },
];

/** Makes a model with random weights, for both. */
const maker = `
import json, pathlib, sys
given = json.load(sys.stdin)
import torch, transformers
from transformers.utils import logging
logging.set_verbosity_error()
logging.disable_progress_bar()
torch.manual_seed(7)
config = getattr(transformers, given["family"] + "Config")(**given["config"])
getattr(transformers, given["family"] + "Model")(config).save_pretrained(given["folder"])
pathlib.Path(given["folder"], "preprocessor_config.json").write_text(json.dumps(given["processor"]))
print(json.dumps({"times": []}))
`;

const peer = `
import json, os, sys, time
given = json.load(sys.stdin)
import torch
from transformers import AutoModel
from transformers.utils import logging
logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(given["threads"])
model = AutoModel.from_pretrained(given["folder"], dtype=torch.float32, attn_implementation="eager").eval()
pixels = torch.randn(1, 3, given["edge"], given["edge"])
def forward():
    begun = time.perf_counter()
    with torch.no_grad():
        kept = model(pixels, output_attentions=True)
    assert kept.attentions[0].shape[-1] == given["tokens"], kept.attentions[0].shape
    return (time.perf_counter() - begun) * 1000
forward()
found = {"times": [forward() for _ in range(given["times"])]}
if os.path.exists("/proc/self/status"):
    found["peak"] = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps(found))
`;

void benchmark(`Images, ${threads} threads, each in a process of its own`, async (table) => {
  for (const model of models) {
    const row = `${model.name}, ${model.tokens} tokens`;
    const folder = mkdtempSync(join(tmpdir(), 'bench-image-'));
    try {
      const made = inPython(maker, { ...model, folder });
      if (typeof made === 'string') {
        table.missing(row, made);
        continue;
      }
      print(table, `${row}, this engine, every weight can be looked at`, await ours(model, folder));
      const theirs = inPython(peer, { ...model, folder, threads });
      print(table, `${row}, PyTorch eager, output_attentions=True`, theirs);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
});

async function ours({ tokens, times }: Tried, folder: string): Promise<Measured> {
  const engine = await EngineProcess.start();
  try {
    const { channel, pid } = engine;
    const request: OpenRequest = {
      material: { kind: 'image', file: { kind: 'path', path: image } },
      by: { model: { kind: 'folder', path: folder } },
    };
    const forward = async (): Promise<number> => {
      const summary = summaryOf(await channel.request('open', request));
      if (summary.queries.count !== tokens)
        throw new Error(`The image has ${summary.queries.count} tokens instead of ${tokens}.`);
      await channel.request('close', { inspection: summary.id });
      return summary.timing.forward;
    };
    await forward();
    const taken: number[] = [];
    for (let run = 1; run <= times; run++) taken.push(await forward());
    return { times: taken, peak: await peakOf(pid) };
  } finally {
    await engine.stop();
  }
}
