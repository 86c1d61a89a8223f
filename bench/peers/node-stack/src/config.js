// Everything that can be set, by environment variable.

function oneOf(name, values, fallback) {
  const value = process.env[name] ?? fallback;
  if (!values.includes(value)) throw new Error(`${name} must be one of ${values.join(', ')}`);
  return value;
}

export const config = {
  port: Number(process.env.PORT ?? 4500),
  databaseUrl: process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres',
  dataDirectory: process.env.DATA_DIR ?? './peer-data',
  // polling: pg-boss asks for work every 0.5 s, and at once after a full batch.
  // notify: each new job is announced with NOTIFY and wakes the worker.
  bus: oneOf('BUS', ['polling', 'notify'], 'polling'),
  poolSize: Number(process.env.POOL_SIZE ?? 32),
  batchSize: Number(process.env.BATCH_SIZE ?? 64),
  workers: Number(process.env.WORKERS ?? 2),
};

// The peer has one user and asks nobody for a key.
export const userId = 'owner';
