-- The original's event table with its eight indexes; a plain table instead of a hypertable.
CREATE TABLE IF NOT EXISTS events_v2 (
  id uuid DEFAULT gen_random_uuid(),
  timestamp timestamptz NOT NULL,
  aggregate_id uuid NOT NULL,
  aggregate_type text NOT NULL CHECK (aggregate_type IN ('entity', 'relation', 'user', 'system')),
  event_type text NOT NULL,
  user_id text NOT NULL,
  data jsonb NOT NULL,
  metadata jsonb,
  version integer NOT NULL,
  causation_id uuid,
  correlation_id uuid,
  source text NOT NULL DEFAULT 'api'
    CHECK (source IN ('api', 'automation', 'sync', 'migration', 'system'))
);
CREATE INDEX IF NOT EXISTS events_v2_aggregate
  ON events_v2 (aggregate_id, timestamp DESC, version DESC);
CREATE INDEX IF NOT EXISTS events_v2_user ON events_v2 (user_id, timestamp DESC);
CREATE INDEX IF NOT EXISTS events_v2_type ON events_v2 (event_type, timestamp DESC);
CREATE INDEX IF NOT EXISTS events_v2_correlation
  ON events_v2 (correlation_id, timestamp DESC) WHERE correlation_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_v2_source ON events_v2 (source, timestamp DESC);
CREATE INDEX IF NOT EXISTS events_v2_user_type ON events_v2 (user_id, event_type, timestamp DESC);
CREATE INDEX IF NOT EXISTS events_v2_aggregate_type ON events_v2 (aggregate_type, timestamp DESC);
CREATE INDEX IF NOT EXISTS events_v2_timestamp ON events_v2 (timestamp DESC);

CREATE TABLE IF NOT EXISTS entities (
  id uuid PRIMARY KEY,
  user_id text NOT NULL,
  type text NOT NULL,
  title text,
  preview text,
  version integer DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  file_url text,
  file_path text,
  file_size integer,
  file_type text CHECK (file_type IN ('markdown', 'pdf', 'audio', 'video', 'image')),
  checksum text
);
