import { fieldsOf, isCount } from '../../parse.js';

/** How attention is drawn over an image. */
export interface Settings {
  /** Of the picked token: what it attends to (its row), or what attends to it (its column). */
  readonly direction: 'row' | 'column';
  readonly heads: 'one' | 'mean' | 'max' | 'rollout';
  /** Of a rollout: its first layer, the share of the residual connection, and how heads are made one. */
  readonly from: number;
  readonly residual: number;
  readonly across: 'mean' | 'max';
  readonly drawing: 'cells' | 'smooth';
  /** 0 to 1. */
  readonly opacity: number;
  /** The share of the patches’ sum that is drawn, over 0 to 1. */
  readonly keep: number;
  readonly contours: boolean;
  readonly grid: boolean;
  /** Whether all heads of the layer are shown, small. */
  readonly side: boolean;
  /** Whether the patches are listed. */
  readonly table: boolean;
}

export const standardSettings: Settings = {
  direction: 'row',
  heads: 'one',
  from: 0,
  residual: 0.5,
  across: 'mean',
  drawing: 'cells',
  opacity: 0.65,
  keep: 1,
  contours: false,
  grid: false,
  side: true,
  table: false,
};

/** Settings of the inspections seen last, and what a new one starts with. */
export interface ImageMemory {
  readonly defaults: Settings;
  /** By origin, the latest last. */
  readonly own: readonly (readonly [string, Settings])[];
}

/** Inspections whose settings are remembered. */
const remembered = 16;

/** The settings of an inspection. */
export function settingsFor({ defaults, own }: ImageMemory, origin: string): Settings {
  return own.find(([of]) => of === origin)?.[1] ?? defaults;
}

/** The same with other settings for one inspection; the next new one starts with them. */
export function withSettings({ own }: ImageMemory, origin: string, settings: Settings): ImageMemory {
  const others = own.filter(([of]) => of !== origin);
  return { defaults: settings, own: [...others, [origin, settings] as const].slice(-remembered) };
}

/** Reads what was remembered, by whatever version; what does not fit is as standard. */
export function readMemory(value: unknown): ImageMemory | null {
  const memory = fieldsOf(value);
  if (memory === null) return null;
  const own: unknown = memory['own'];
  return {
    defaults: readSettings(memory['defaults']),
    own: (Array.isArray(own) ? own : []).flatMap((entry: unknown) => {
      const pair: readonly unknown[] = Array.isArray(entry) ? entry : [];
      const [origin, settings] = pair;
      return typeof origin === 'string' ? [[origin, readSettings(settings)] as const] : [];
    }),
  };
}

function readSettings(value: unknown): Settings {
  const fields = fieldsOf(value) ?? {};
  const share = (name: 'opacity' | 'keep', least: number): number => {
    const found = fields[name];
    return typeof found === 'number' && found >= least && found <= 1 ? found : standardSettings[name];
  };
  const flag = (name: 'contours' | 'grid' | 'side' | 'table'): boolean => {
    const found = fields[name];
    return typeof found === 'boolean' ? found : standardSettings[name];
  };
  const { direction, heads, drawing, from, residual, across } = fields;
  return {
    direction: direction === 'column' ? direction : 'row',
    heads: heads === 'mean' || heads === 'max' || heads === 'rollout' ? heads : 'one',
    from: isCount(from) ? from : standardSettings.from,
    residual:
      typeof residual === 'number' && residual >= 0 && residual < 1 ? residual : standardSettings.residual,
    across: across === 'max' ? across : 'mean',
    drawing: drawing === 'smooth' ? drawing : 'cells',
    opacity: share('opacity', 0),
    keep: share('keep', 0.01),
    contours: flag('contours'),
    grid: flag('grid'),
    side: flag('side'),
    table: flag('table'),
  };
}
