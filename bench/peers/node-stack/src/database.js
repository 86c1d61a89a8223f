import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { config } from './config.js';

export const pool = new pg.Pool({
  connectionString: config.databaseUrl,
  max: config.poolSize,
  min: Math.min(4, config.poolSize),
});

export async function createSchema() {
  await pool.query(await readFile(new URL('./schema.sql', import.meta.url), 'utf8'));
}
