#include "events/chain.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::events {
namespace {

// Each hash begins with a name of its own, so that no input of one can be an input of another.
constexpr std::string_view kHeader = "synap.event.header.1";
constexpr std::string_view kContent = "synap.event.content.1";
constexpr std::string_view kLink = "synap.event.link.1";

void append_number(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}
void append_number(std::string& out, std::int64_t value) {
  append_number(out, static_cast<std::uint64_t>(value));
}

// With its length in front: "ab" + "c" must not hash as "a" + "bc".
void append_text(std::string& out, std::string_view text) {
  append_number(out, static_cast<std::uint64_t>(text.size()));
  out.append(text);
}

void append_optional(std::string& out, const std::optional<Uuid>& id) {
  out.push_back(id ? '\1' : '\0');
  if (id) out.append(id->raw());
}
void append_optional(std::string& out, const std::optional<std::string>& text) {
  out.push_back(text ? '\1' : '\0');
  if (text) append_text(out, *text);
}

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// What a hash begins with, in a buffer of the thread's own: the writer makes two of them a note.
std::string& begin(std::string_view name) {
  thread_local std::string bytes;
  bytes.assign(name);
  return bytes;
}

template <std::size_t N>
bool read_bytes(std::string_view raw, std::array<std::uint8_t, N>& out) {
  if (raw.size() != N) return false;
  std::copy_n(raw.begin(), N, out.begin());
  return true;
}

}  // namespace

Sha256 header_hash(const Event& event) {
  auto& bytes = begin(kHeader);
  bytes.append(event.id.raw());
  append_text(bytes, event.type);
  append_number(bytes, event.data_version);
  append_text(bytes, event.user_id);
  append_text(bytes, source_name(event.source));
  bytes.push_back(event.actor ? '\1' : '\0');
  if (event.actor) {
    append_text(bytes, actor_kind_name(event.actor->kind));
    append_text(bytes, event.actor->id);
    append_optional(bytes, event.actor->on_behalf_of);
  }
  append_optional(bytes, event.aggregate_id);
  append_text(bytes, event.aggregate_type);
  append_number(bytes, event.timestamp);
  append_optional(bytes, event.correlation_id);
  append_optional(bytes, event.causation_id);
  append_optional(bytes, event.request_id);
  return sha256(bytes);
}

Sha256 content_hash(const Salt& salt, std::string_view data, std::string_view metadata) {
  // A hasher and not one string: data may be half a megabyte.
  thread_local Sha256Hasher hasher;
  auto& head = begin(kContent);
  head.append(reinterpret_cast<const char*>(salt.data()), salt.size());
  append_number(head, static_cast<std::uint64_t>(data.size()));
  return hasher.add(head).add(data).add(metadata).finish();
}

Sha256 link_hash(const Sha256& previous, std::int64_t position, std::int64_t aggregate_version,
                 const Sha256& header, const Sha256& content) {
  auto& bytes = begin(kLink);
  bytes.append(bytes_of(previous));
  append_number(bytes, position);
  append_number(bytes, aggregate_version);
  bytes.append(bytes_of(header)).append(bytes_of(content));
  return sha256(bytes);
}

std::optional<std::string> break_of(const Event& event, std::int64_t expected_position,
                                    const StoredHashes& stored, Sha256& link) {
  if (event.position != expected_position) {
    return fmt::format("The event at position {} is missing", expected_position);
  }
  Sha256 content{};
  Sha256 stored_link{};
  if (!read_bytes(stored.content, content) || !read_bytes(stored.link, stored_link)) {
    return "Its hashes are not of their size";
  }
  if (event.is_damaged()) return std::string(event.damage);
  const auto computed =
      link_hash(link, event.position, event.aggregate_version, header_hash(event), content);
  if (computed != stored_link) {
    return "Its header, its place, or an event before it is not what was recorded";
  }
  link = stored_link;
  return std::nullopt;
}

}  // namespace synap::events
