// The hash chain of the log: what each event commits to. docs/formats.md has the grammar.
//
//   link(n) = H( link(n-1), n, aggregate version, header hash, content hash )
//
// The header hash covers everything about an event but its place, its data and its metadata; the
// content hash covers those two and a salt. So the writer, who alone knows the link before and the
// place, hashes some 130 bytes an event, however large it is; and data, metadata and salt can be
// erased together with the chain still verifying, because the content hash stays.
#pragma once

#include "events/event.h"

namespace synap::events {

/// link(0): 32 zero bytes.
inline constexpr Sha256 kFirstLink{};

Sha256 header_hash(const Event& event);
Sha256 content_hash(const Salt& salt, std::string_view data, std::string_view metadata);
Sha256 link_hash(const Sha256& previous, std::int64_t position, std::int64_t aggregate_version,
                 const Sha256& header, const Sha256& content);

/// What is stored of an event's hashes, as bytes. Views the row.
struct StoredHashes {
  std::string_view content;
  std::string_view link;
};
/// Why an event as it was read, its damage found (damage.h), does not continue the chain at
/// `expected_position`, in a sentence, or nothing: then `link`, which is that of the event before,
/// becomes its own.
std::optional<std::string> break_of(const Event& event, std::int64_t expected_position,
                                    const StoredHashes& stored, Sha256& link);

}  // namespace synap::events
