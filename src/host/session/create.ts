import { messageOf } from '../base/messages.js';
import { ask } from './asking.js';
import { labelOf, type InspectionRequest } from './request.js';
import { Session, type SessionOptions, type SessionEngine } from './session.js';

/** A session with what it needs of VS Code: its words, and how files are reached. */
export function createSession(
  engine: SessionEngine,
  request: InspectionRequest,
  options: Omit<SessionOptions, 'label' | 'messageOf' | 'open'>,
): Session {
  return new Session(engine, request, { ...options, label: labelOf(request), messageOf, open: ask });
}
