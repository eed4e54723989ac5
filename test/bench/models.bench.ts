import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ModelReference } from '../../src/protocol.js';
import { textRequest } from '../support/inspections.js';
import { summaryOf } from '../support/summaries.js';
import { EngineProcess } from './engine-process.js';
import { inPython, print, type Measured } from './measured.js';
import { peakOf } from './processes.js';
import { benchmark } from './table.js';
import { text } from './text.js';

const folder = join(process.cwd(), '.cache/checkpoints');
const gguf = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const threads = availableParallelism();

/** How many tokens, and how often they are run after a first time. */
const runs = [
  [128, 9],
  [512, 5],
  [2048, 3],
  [4096, 1],
] as const;

/** PyTorch is not asked for longer texts: eager attention keeps 17 GB of weights for 4096 tokens. */
const longestPeer = 2048;

interface Tried {
  readonly name: string;
  readonly limit: number;
  readonly reference: Exclude<ModelReference, { kind: 'dates' | 'embedded' }>;
  /** A text of so many tokens. */
  text(tokens: number, variation: number): string;
  /** What `from_pretrained` is given in Python. */
  readonly python: readonly [folder: string, file: string | null];
}

const models: readonly Tried[] = [
  {
    name: 'all-MiniLM-L6-v2',
    limit: 512,
    reference: { kind: 'folder', path: join(folder, 'all-MiniLM-L6-v2') },
    text,
    python: [join(folder, 'all-MiniLM-L6-v2'), null],
  },
  {
    name: 'SmolLM2-135M-Instruct',
    limit: 8192,
    reference: { kind: 'file', path: join(folder, 'SmolLM2-135M-Instruct', gguf) },
    // There are no special tokens around it.
    text: (tokens, variation) => text(tokens + 2, variation),
    python: [join(folder, 'SmolLM2-135M-Instruct'), gguf],
  },
];

const peers = {
  'PyTorch eager, output_attentions=True': { attention: 'eager', weights: true },
  'PyTorch SDPA, no attentions': { attention: 'sdpa', weights: false },
} as const;

void benchmark(`Forward and capture, ${threads} threads, each in a process of its own`, async (table) => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/checkpoints.mjs'], { encoding: 'utf8' });
  if (status !== 0) {
    table.missing('all-MiniLM-L6-v2, SmolLM2-135M-Instruct', stderr.trim().split('\n').at(-1) ?? 'not there');
    return;
  }
  for (const model of models) {
    for (const [tokens, times] of runs) {
      const row = `${model.name}, ${tokens} tokens`;
      if (tokens > model.limit) {
        table.missing(row, `it reads ${model.limit} tokens at most`);
        continue;
      }
      print(table, `${row}, this engine, every weight can be looked at`, await ours(model, tokens, times));
      if (tokens > longestPeer) continue;
      for (const [name, peer] of Object.entries(peers)) {
        print(table, `${row}, ${name}`, pytorch(model, tokens, times, peer));
      }
    }
  }
});

async function ours(model: Tried, tokens: number, times: number): Promise<Measured> {
  const engine = await EngineProcess.start();
  try {
    const { channel, pid } = engine;
    const forward = async (count: number, variation: number): Promise<number> => {
      const request = textRequest({ text: model.text(count, variation), model: model.reference });
      const summary = summaryOf(await channel.request('open', request));
      if (summary.queries.count !== count)
        throw new Error(`The text has ${summary.queries.count} tokens instead of ${count}.`);
      await channel.request('close', { inspection: summary.id });
      return summary.timing.forward;
    };
    await forward(tokens, 0);
    const taken: number[] = [];
    for (let run = 1; run <= times; run++) taken.push(await forward(tokens, run));
    return { times: taken, peak: await peakOf(pid) };
  } finally {
    await engine.stop();
  }
}

// The base model, without the logits of every token, which this engine does not compute either.
const script = `
import json, os, sys, time
given = json.load(sys.stdin)
import torch
from transformers import AutoModel
from transformers.utils import logging
logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(given["threads"])
linux = os.path.exists("/proc/self/status")
def memory(field):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(field))
folder, file = given["python"]
model = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation=given["attention"], **({"gguf_file": file} if file else {})).eval()
def forward(count, variation):
    ids = (torch.arange(count)[None] * 7 + variation * 13) % 1000 + 1000
    begun = time.perf_counter()
    with torch.no_grad():
        kept = model(ids, output_attentions=given["weights"], use_cache=False)
    return (time.perf_counter() - begun) * 1000
forward(given["tokens"], 0)
found = {"times": [forward(given["tokens"], run + 1) for run in range(given["times"])]}
if linux:
    found["peak"] = memory("VmHWM")
print(json.dumps(found))
`;
/** The same in PyTorch, where there is a Python that has it; or why not. */
function pytorch(
  { python }: Tried,
  tokens: number,
  times: number,
  peer: (typeof peers)[keyof typeof peers],
): Measured | string {
  return inPython(script, { python, tokens, times, threads, ...peer });
}
