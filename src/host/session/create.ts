import { l10n } from 'vscode';
import { shortened, unescaped } from '../../common/strings.js';
import { messageOf } from '../base/messages.js';
import { openInEngine } from './open-request.js';
import type { InspectionRequest } from './request.js';
import { Session } from './session.js';
import type { SessionEngine, SessionOptions } from './session-options.js';

/** A session with what it needs of VS Code: its words, and how files are reached. */
export function createSession(
  engine: SessionEngine,
  request: InspectionRequest,
  options: Omit<SessionOptions, 'label' | 'messageOf' | 'open'>,
): Session {
  return new Session(engine, request, { ...options, label: labelOf(request), messageOf, open: openInEngine });
}

/** The first words of the text, or the names of the files. */
function labelOf(request: InspectionRequest): string {
  switch (request.kind) {
    case 'text':
      return shortened(request.texts[0]);
    case 'audio':
    case 'image':
      return nameOf(request.uri);
    case 'files':
      return request.uris.map(nameOf).join(', ');
    case 'tensors':
      return l10n.t('Tensors');
  }
}

/** Of a file, by its address. */
function nameOf(uri: string): string {
  return unescaped(uri.slice(uri.lastIndexOf('/') + 1));
}
