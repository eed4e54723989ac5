import { messageOf } from '../base/messages.js';
import { openInEngine } from './open-request.js';
import { labelOf, type InspectionRequest } from './request.js';
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
