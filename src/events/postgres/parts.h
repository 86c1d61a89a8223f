// The log in parts by position, so that what is read by position is looked for in few of them, and
// each part's indexes stay small: chunks of a hypertable where TimescaleDB is, PostgreSQL's own
// partitions elsewhere. The appends make them ahead. Nothing ever drops one.
// docs/adr/0004-the-log-in-parts.md says why it is so. Private to this folder.
#pragma once

#include <cstdint>
#include <string_view>

#include "db/database.h"

namespace synap::events::postgres {

/// The migration that makes parts of the tables of tables.h, and all functions that append.
extern const std::string_view kParts;
/// The next one: chunks are made ahead, too.
extern const std::string_view kChunksAhead;

/// Of how many positions a part is that is still to be made: the next one now, if there is room for
/// less than half of it. What there is stays as it is.
void keep_in_parts(db::Tx& tx, std::int64_t positions);

}  // namespace synap::events::postgres
