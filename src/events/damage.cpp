#include "events/damage.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "events/chain.h"

namespace synap::events {
namespace {

constexpr std::int64_t kTimeMax = 253'402'300'799'999;  // the year 9999: later ones have no text

// A log line for each damaged event is what an operator needs, and no more of them than he reads.
constexpr std::size_t kToldMax = 1'000;

constexpr std::string_view kHeader = "Its header cannot be read";
constexpr std::string_view kErased = "It has no salt, but it has data";
constexpr std::string_view kContent = "Its data or metadata are not those that were recorded";

bool has_salted(const EventFields& event, const StoredProof& proof) {
  Salt salt{};
  if (proof.salt->size() != salt.size()) return false;
  std::ranges::copy(*proof.salt, salt.begin());
  const auto hash = content_hash(salt, event.data, event.metadata);
  return std::ranges::equal(proof.content_hash, hash, {},
                            [](char byte) { return static_cast<std::uint8_t>(byte); });
}

// Only what has to be so for an event to be shown at all: what is not becomes what can be.
bool mend_header(EventFields& event) {
  bool is_whole = true;
  const auto mend_text = [&](std::string& text) {
    if (is_valid_utf8(text)) return;
    text.clear();
    is_whole = false;
  };
  mend_text(event.type);
  mend_text(event.user_id);
  mend_text(event.aggregate_type);
  is_whole = is_whole && !event.type.empty() && !event.user_id.empty() && event.data_version >= 1;
  if (event.type.empty()) event.type = kUnreadableType;
  event.data_version = std::max<std::int64_t>(1, event.data_version);
  if (source_name(event.source).empty()) {
    event.source = Source::kSystem;
    is_whole = false;
  }
  if (event.actor) {
    mend_text(event.actor->id);
    if (event.actor->on_behalf_of) mend_text(*event.actor->on_behalf_of);
    if (actor_kind_name(event.actor->kind).empty()) {
      event.actor.reset();
      is_whole = false;
    }
  }
  if (event.timestamp < -kTimeMax || event.timestamp > kTimeMax) {
    event.timestamp = 0;
    is_whole = false;
  }
  return is_whole;
}

}  // namespace

bool has_content(const EventFields& event, const StoredProof& proof) {
  if (proof.salt) return has_salted(event, proof);
  return event.data == "{}" && event.metadata.empty();
}

void find_damage(EventFields& event, const StoredProof& proof) {
  if (!mend_header(event) || !proof.has_id) {
    event.damage = kHeader;
  } else if (!has_content(event, proof)) {
    event.damage = proof.salt ? kContent : kErased;
  }
  if (!event.is_damaged()) return;
  event.data = "{}";
  event.metadata.clear();
}

Error damaged(const EventFields& event) {
  return {Code::kInternalServerError,
          fmt::format("The event at position {} ({}) is damaged: {}. synap doctor --deep names all "
                      "that are",
                      event.position, event.id.to_string(), event.damage),
          std::make_shared<const Json>(Json::object({{"reason", "EVENT_DAMAGED"},
                                                     {"position", event.position},
                                                     {"id", event.id.to_string()}})),
          Fault::kDamaged};
}

void DamageReport::tell(const EventFields& damaged) {
  std::lock_guard lock(mutex_);
  if (told_.size() >= kToldMax || !told_.insert(damaged.position).second) return;
  write_log(LogLevel::kError, "events", "event {id} at position {position} is damaged: {what}",
            {{"id", damaged.id.to_string()},
             {"position", damaged.position},
             {"what", std::string(damaged.damage)}});
}

}  // namespace synap::events
