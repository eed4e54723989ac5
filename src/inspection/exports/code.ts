import { latex, program } from '../../engine/explain.js';
import type { LayerExport, LayerExporter } from './exporter.js';
import { archive, arrayMember } from './npz.js';
import { bytesOf } from './text.js';

const languages = {
  numpy: { id: 'numpy', title: 'NumPy program (.py)' },
  pytorch: { id: 'pytorch', title: 'PyTorch program (.py)' },
} as const;

/** A program that computes a layer's steps; its inputs lie beside it, so that it runs as it is. */
export function programExporter(language: keyof typeof languages): LayerExporter {
  return {
    ...languages[language],
    note: 'Runs as it is and comes to the same weights: its inputs are saved beside it, as .npz.',
    extension: 'py',
    of: 'layer',
    fits: () => true,
    text: (from) => `${comment('#', from)}${loads(from)}\n${program(from.steps, language)}`,
    files(from) {
      const inputs = archive(`${from.name}.npz`, from.inputs.map(arrayMember));
      const text = `${comment('#', from)}\n${program(from.steps, language, { archive: inputs.name })}`;
      return [textFile(`${from.name}.py`, text), inputs];
    },
  };
}

/** A layer's formulas, aligned at their equals signs. */
export const latexExporter: LayerExporter = {
  id: 'latex',
  title: 'LaTeX formulas (.tex)',
  note: 'The formulas of a layer’s steps, in an align environment.',
  extension: 'tex',
  of: 'layer',
  fits: () => true,
  text: formulas,
  files: (from) => [textFile(`${from.name}.tex`, formulas(from))],
};

function formulas(from: LayerExport): string {
  return `${comment('%', from)}${latex(from.steps)}`;
}

function comment(mark: string, { about }: LayerExport): string {
  return `${mark} ${about.replaceAll(/\s+/g, ' ')}\n`;
}

function loads({ inputs }: LayerExport): string {
  if (inputs.length === 0) return '';
  const files = inputs.map(({ name }) => `${name}.npy`).join(', ');
  return `# Loads ${files} from the working folder; “Attention: Export…” saves the inputs beside the program.\n`;
}

function textFile(name: string, text: string): ReturnType<LayerExporter['files']>[number] {
  const bytes = bytesOf(text);
  return {
    name,
    size: bytes.length,
    async *write() {
      yield await Promise.resolve(bytes);
    },
  };
}
