// note.creation.requested: upload, projection, completion event, notification.
import { EventEmitter } from 'node:events';
import { subscribe } from './bus.js';
import { upload } from './content.js';
import { pool } from './database.js';
import { createEvent, eventParameters, noteCreationCompleted, noteCreationRequested } from './events.js';

// Whoever watches hears of completion events here.
export const completions = new EventEmitter();
completions.setMaxListeners(0);

export async function startWorker() {
  await subscribe(noteCreationRequested, handleBatch);
}

async function handleBatch(events) {
  const notes = await Promise.all(events.map(uploadToStorage));
  await project(notes);
  for (const note of notes) completions.emit('event', note.completed);
}

async function uploadToStorage(event) {
  const { content, title } = event.data;
  const file = await upload(event.aggregateId, content);
  const completed = createEvent({
    type: noteCreationCompleted,
    aggregateId: event.aggregateId,
    data: { entityId: event.aggregateId, ...file, fileType: 'markdown' },
    source: 'system',
    causationId: event.id,
    correlationId: event.correlationId,
    requestId: event.requestId,
  });
  const newline = content.indexOf('\n');
  const firstLine = newline < 0 ? content : content.slice(0, newline);
  return {
    entity: {
      id: event.aggregateId,
      user_id: event.userId,
      title: title ?? firstLine.slice(0, 100),
      preview: content.slice(0, 500),
      file_path: file.filePath,
      file_size: file.fileSize,
      checksum: file.checksum,
    },
    completed,
  };
}

// The whole batch's entities and completion events, in one statement and one commit. A repeated
// delivery finds its entity there and appends nothing.
async function project(notes) {
  const events = notes.map((note) => {
    const [id, timestamp, aggregate_id, aggregate_type, event_type, user_id, data, metadata, version,
      causation_id, correlation_id, source] = eventParameters(note.completed);
    return { id, timestamp, aggregate_id, aggregate_type, event_type, user_id,
      data: JSON.parse(data), metadata: JSON.parse(metadata), version, causation_id, correlation_id,
      source };
  });
  await pool.query({
    name: 'project_batch',
    text: `
      WITH projected AS (
        INSERT INTO entities (id, user_id, type, title, preview, file_path, file_size, file_type,
                              checksum)
        SELECT id, user_id, 'note', title, preview, file_path, file_size, 'markdown', checksum
        FROM json_to_recordset($1::json) AS e (id uuid, user_id text, title text, preview text,
                                               file_path text, file_size int, checksum text)
        ON CONFLICT (id) DO NOTHING
        RETURNING id)
      INSERT INTO events_v2 (id, timestamp, aggregate_id, aggregate_type, event_type, user_id, data,
                             metadata, version, causation_id, correlation_id, source)
      SELECT e.id, timestamp, aggregate_id, aggregate_type, event_type, user_id, data, metadata,
             version, causation_id, correlation_id, source
      FROM json_to_recordset($2::json) AS e (
        id uuid, timestamp timestamptz, aggregate_id uuid, aggregate_type text, event_type text,
        user_id text, data jsonb, metadata jsonb, version int, causation_id uuid,
        correlation_id uuid, source text)
      JOIN projected ON projected.id = e.aggregate_id`,
    values: [JSON.stringify(notes.map((note) => note.entity)), JSON.stringify(events)],
  });
}
