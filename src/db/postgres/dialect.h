// Synap's SQL in PostgreSQL's words. SQL is written once, as the embedded engine takes it; what
// PostgreSQL calls otherwise is said otherwise here, once for each text that a connection prepares
// and for each migration:
//
//   INTEGER, BLOB, REAL              BIGINT, BYTEA, DOUBLE PRECISION
//   STRICT, WITHOUT ROWID            nothing (options of a table, with the comma between them)
//   x'00ff'                          '\x00ff'::bytea
//   CAST(text AS BLOB)               convert_to(text, 'UTF8')
//   max(a, b), min(a, b)             greatest(a, b), least(a, b); with one argument they stay.
//                                    None may be NULL: the engines differ about that
//   text GLOB 'abc*'                 text LIKE 'abc%'
//   TEXT of a table's column         TEXT COLLATE "C": compared by its bytes, as the embedded
//   engine
//                                    does, whatever the database's locale is
//   group_concat(a, sep)             string_agg((a)::text, sep); without one it is ','
//   zeroblob(n)                      decode(repeat('00', n), 'hex')
//   INDEXED BY name                  nothing: the server chooses
//   sqlite_master                    the tables of the schema, as (type, name)
//
// All else must be said in words that both take. Texts in quotes, comments and bodies of functions
// ($$...$$) are left alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace synap::db::postgres {

std::string in_postgres(std::string_view sql);

/// A view as it is made: `CREATE VIEW name AS ...`.
struct CreateView {
  std::string name;
  std::string sql;
};
/// Those that are made in this SQL, which is PostgreSQL's already. A view has the columns that its
/// tables had when it was made; the embedded engine's has those that they have.
std::vector<CreateView> views_in(std::string_view sql);

}  // namespace synap::db::postgres
