import { CancellationTokenSource, l10n, QuickPickItemKind, window } from 'vscode';
import type { QuickPickItem } from 'vscode';
import { CancelledError } from '../../channel.js';
import type { QuestionSetting, RoleQuestion } from '../../protocol.js';
import type { RoleAnswer } from './session-options.js';

type Roles = Readonly<Record<string, string>>;

interface Choice extends QuickPickItem {
  readonly does:
    | { readonly kind: 'inspect' }
    /** A notice: there to be read. */
    | { readonly kind: 'none' }
    | { readonly kind: 'tensor'; readonly key: string }
    | { readonly kind: 'role'; readonly key: string; readonly role: string | undefined };
}

/**
 * Lets the user say what a question asks for: which tensor is what, then whatever else has to be known before they can be read.
 * @throws CancelledError when the user leaves it, or the signal says so
 */
export async function askRoles(question: RoleQuestion, signal?: AbortSignal): Promise<RoleAnswer> {
  const { settings = [], known } = question;
  if (settings.length === 0) return { roles: await askForRoles(question, signal), parameters: {} };
  const parameters: Record<string, string> = {};
  for (const setting of settings) parameters[setting.parameter] = await askFor(setting, question, signal);
  return { roles: known, parameters };
}

/** One of a setting's choices. @throws CancelledError */
async function askFor(
  setting: QuestionSetting,
  question: RoleQuestion,
  signal: AbortSignal | undefined,
): Promise<string> {
  const stop = new CancellationTokenSource();
  signal?.addEventListener('abort', () => {
    stop.cancel();
  });
  const answers = setting.choices.map(({ value, title, picture }): Answer => {
    return { label: title, value, ...(picture === undefined ? {} : { detail: picture }) };
  });
  const below = leftOut(question).map((item): Answer => ({ ...item, value: undefined }));
  const options = { title: setting.title, placeHolder: setting.reason, ignoreFocusOut: true };
  try {
    for (;;) {
      const chosen = await window.showQuickPick([...answers, ...below], options, stop.token);
      if (chosen === undefined) throw new CancelledError();
      // A notice is there to be read: picking it is no answer.
      if (chosen.value !== undefined) return chosen.value;
    }
  } finally {
    stop.dispose();
  }
}

interface Answer extends QuickPickItem {
  readonly value: string | undefined;
}

/** What was left out and why, to stand below what can be chosen. */
function leftOut({ notices = [] }: RoleQuestion): QuickPickItem[] {
  if (notices.length === 0) return [];
  return [
    { label: l10n.t('Notices'), kind: QuickPickItemKind.Separator },
    ...notices.map((text): QuickPickItem => ({ label: `$(info) ${text}`, alwaysShow: true })),
  ];
}

/**
 * Lets the user say which tensor is what, in one quick pick: the tensors with what is known of each; picking one lists the
 * roles; "Inspect" ends it. A lone tensor is asked for its role right away.
 * @throws CancelledError when the user leaves it, or the signal says so
 */
function askForRoles(question: RoleQuestion, signal?: AbortSignal): Promise<Roles> {
  const pick = window.createQuickPick<Choice>();
  const roles = new Map(Object.entries(question.known));
  const [first, ...others] = question.tensors;
  const only = others.length === 0 ? first : undefined;
  pick.title = question.reason;
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.ignoreFocusOut = true;

  const notices = leftOut(question).map((item): Choice => ({ ...item, does: { kind: 'none' } }));
  const listTensors = (): void => {
    pick.placeholder = l10n.t('Pick a tensor to say what it is');
    pick.items = [...tensorChoices(question, roles), ...notices];
  };
  const listRoles = (key: string): void => {
    const tensor = question.tensors.find((candidate) => candidate.key === key);
    if (tensor === undefined) return;
    pick.placeholder = l10n.t('What is {0} {1}?', tensor.name, shapeOf(tensor.shape));
    pick.items = [...roleChoices(question, roles, key, only === undefined), ...notices];
  };

  return new Promise<Roles>((resolve, reject) => {
    const leave = (): void => {
      pick.hide();
    };
    signal?.addEventListener('abort', leave, { once: true });
    pick.onDidAccept(() => {
      const does = pick.selectedItems[0]?.does;
      if (does === undefined) return;
      pick.value = '';
      switch (does.kind) {
        case 'none':
          return;
        case 'tensor':
          listRoles(does.key);
          return;
        case 'role':
          if (does.role === undefined) roles.delete(does.key);
          else assign(roles, does.key, does.role);
          if (only === undefined) {
            listTensors();
            return;
          }
          break;
        case 'inspect':
          break;
      }
      resolve(Object.fromEntries(roles));
      pick.hide();
    });
    pick.onDidHide(() => {
      signal?.removeEventListener('abort', leave);
      pick.dispose();
      // Comes after an answer too, and does nothing then.
      reject(new CancelledError());
    });
    if (signal?.aborted === true) {
      pick.dispose();
      reject(new CancelledError());
      return;
    }
    if (only === undefined) listTensors();
    else listRoles(only.key);
    pick.show();
  });
}

/** A role belongs to one tensor: whoever had it before has none now. */
function assign(roles: Map<string, string>, key: string, role: string): void {
  for (const [other, taken] of roles) if (taken === role) roles.delete(other);
  roles.set(key, role);
}

function tensorChoices({ tensors, roles }: RoleQuestion, told: ReadonlyMap<string, string>): Choice[] {
  const title = (role: string): string => roles.find((one) => one.role === role)?.title ?? role;
  const list = tensors.map(({ key, name, file, shape }): Choice => {
    const role = told.get(key);
    return {
      label: role === undefined ? `$(circle-large-outline) ${name}` : `$(pass-filled) ${name}`,
      description: shapeOf(shape),
      detail: role === undefined ? l10n.t('{0} · not used', file) : `${file} · ${nameOf(role, title(role))}`,
      does: { kind: 'tensor', key },
    };
  });
  if (told.size === 0) return list;
  const used = tensors.flatMap(({ key, name }) =>
    told.has(key) ? [`${told.get(key) ?? ''} = ${name}`] : [],
  );
  return [
    {
      label: l10n.t('$(play) Inspect'),
      description: used.join(', '),
      alwaysShow: true,
      does: { kind: 'inspect' },
    },
    { label: l10n.t('Tensors'), kind: QuickPickItemKind.Separator, does: { kind: 'inspect' } },
    ...list,
  ];
}

function roleChoices(
  { tensors, roles }: RoleQuestion,
  told: ReadonlyMap<string, string>,
  key: string,
  optional: boolean,
): Choice[] {
  const holder = (role: string): string | undefined =>
    tensors.find((tensor) => tensor.key !== key && told.get(tensor.key) === role)?.name;
  const list = roles.map(({ role, title }): Choice => {
    const taken = holder(role);
    return {
      label: role,
      description: title,
      ...(taken === undefined ? {} : { detail: l10n.t('taken from {0}', taken) }),
      does: { kind: 'role', key, role },
    };
  });
  if (!optional) return list;
  return [...list, { label: l10n.t('Not used'), does: { kind: 'role', key, role: undefined } }];
}

function nameOf(role: string, title: string): string {
  return role === title ? role : `${role}, ${title}`;
}

function shapeOf(shape: readonly number[]): string {
  return `(${shape.join(', ')})`;
}
