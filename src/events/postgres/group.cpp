#include "events/postgres/group.h"

#include "base/check.h"
#include "db/postgres/binary_array.h"
#include "events/chain.h"
#include "events/recent_events.h"

namespace synap::events::postgres {
namespace {

using db::postgres::BinaryArray;
using Of = BinaryArray::Of;

constexpr std::size_t kRememberedMax = 32'768;
// So many groups in a row, none of them outrun, have the end locked from their beginning.
constexpr int kLockedGroups = 32;

std::string_view bytes_of(const auto& array) {
  return {reinterpret_cast<const char*>(array.data()), array.size()};
}

// Of a name that may be empty, which stands for none.
std::optional<std::string_view> name_or_null(std::string_view name) {
  if (name.empty()) return std::nullopt;
  return name;
}

// What a link covers beside the one before it and the position (chain.h).
std::string chained(const NewEvent& event, std::int64_t version) {
  std::string bytes;
  bytes.reserve(8 + 32 + 32);
  for (int shift = 0; shift < 64; shift += 8) {
    bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(version) >> shift & 0xff));
  }
  bytes.append(bytes_of(event.header_hash())).append(bytes_of(event.content_hash()));
  return bytes;
}

}  // namespace

// In the order of the function's parameters (appending.cpp).
struct Group::Appending {
  BinaryArray grown_streams{Of::kBytes}, grown_from{Of::kInteger}, grown_to{Of::kInteger};
  BinaryArray absent_streams{Of::kBytes}, absent_users{Of::kText}, absent_to{Of::kInteger};
  BinaryArray new_streams{Of::kBytes}, new_users{Of::kText}, new_to{Of::kInteger};
  BinaryArray key_users{Of::kText}, keys{Of::kText}, fingerprints{Of::kBytes}, answers{Of::kText},
      key_events{Of::kBytes};
  BinaryArray types{Of::kText}, data_versions{Of::kInteger}, users{Of::kText},
      aggregates{Of::kBytes}, aggregate_types{Of::kText}, aggregate_versions{Of::kInteger},
      sources{Of::kInteger}, actor_kinds{Of::kInteger}, actors{Of::kText}, on_behalf_ofs{Of::kText},
      timestamps{Of::kInteger}, ids{Of::kBytes}, correlations{Of::kBytes}, causations{Of::kBytes},
      requests{Of::kBytes}, content_hashes{Of::kBytes}, chain{Of::kBytes}, salts{Of::kBytes},
      metadatas{Of::kText}, datas{Of::kText};
  std::optional<std::int64_t> taken_to_be;
  Sha256 link_taken_to_be{};  // with it

  std::vector<db::Value> values() const {
    std::vector<db::Value> all;
    for (const auto* array : {&grown_streams,
                              &grown_from,
                              &grown_to,
                              &absent_streams,
                              &absent_users,
                              &absent_to,
                              &new_streams,
                              &new_users,
                              &new_to,
                              &key_users,
                              &keys,
                              &fingerprints,
                              &answers,
                              &key_events,
                              &types,
                              &data_versions,
                              &users,
                              &aggregates,
                              &aggregate_types,
                              &aggregate_versions,
                              &sources,
                              &actor_kinds,
                              &actors,
                              &on_behalf_ofs,
                              &timestamps,
                              &ids,
                              &correlations,
                              &causations,
                              &requests,
                              &content_hashes,
                              &chain,
                              &salts,
                              &metadatas,
                              &datas}) {
      all.push_back(array->value());
    }
    all.emplace_back(taken_to_be);
    all.push_back(taken_to_be ? db::Value(db::Blob{bytes_of(link_taken_to_be)})
                              : db::Value(nullptr));
    return all;
  }

  void add(const Uuid& id, const Stream& stream) {
    if (!stream.is_relied_on) return;
    if (stream.found_version > 0) {
      grown_streams.add(id);
      grown_from.add(stream.found_version);
      grown_to.add(stream.version);
    } else if (stream.version > 0 && stream.is_said_to_be_new) {
      new_streams.add(id);
      new_users.add(stream.user_id);
      new_to.add(stream.version);
    } else if (stream.version > 0) {
      absent_streams.add(id);
      absent_users.add(stream.user_id);
      absent_to.add(stream.version);
    }
  }

  void add(const std::string& user_id, const std::string& key, const Kept& kept) {
    key_users.add(user_id);
    keys.add(key);
    fingerprints.add(bytes_of(kept.fingerprint));
    answers.add(kept.answer);
    std::string all;
    for (const auto& event : kept.events) all.append(event->id.raw());
    key_events.add(all);
  }

  void add(const NewEvent& event, std::int64_t version, std::string_view of_chain) {
    const Event& draft = event.draft();
    types.add(draft.type);
    data_versions.add(draft.data_version);
    users.add(draft.user_id);
    aggregates.add(draft.aggregate_id);
    aggregate_types.add(name_or_null(draft.aggregate_type));
    aggregate_versions.add(draft.aggregate_id ? std::optional(version) : std::nullopt);
    sources.add(static_cast<std::int64_t>(draft.source));
    std::optional<std::int64_t> actor_kind;
    std::optional<std::string_view> actor;
    std::optional<std::string_view> on_behalf_of;
    if (draft.actor) {
      actor_kind = static_cast<std::int64_t>(draft.actor->kind);
      actor = draft.actor->id;
      on_behalf_of = draft.actor->on_behalf_of;
    }
    actor_kinds.add(actor_kind);
    actors.add(actor);
    on_behalf_ofs.add(on_behalf_of);
    timestamps.add(draft.timestamp);
    ids.add(draft.id);
    correlations.add(draft.correlation_id);
    causations.add(draft.causation_id);
    requests.add(draft.request_id);
    content_hashes.add(bytes_of(event.content_hash()));
    chain.add(of_chain);
    salts.add(bytes_of(event.salt()));
    metadatas.add(name_or_null(draft.metadata));
    datas.add(draft.data);
  }
};

void Group::join(db::Tx& tx) {
  if (undone_ == tx.undone()) return;
  end_.reset();
  drafts_.clear();
  events_.clear();
  by_given_id_.clear();
  streams_.clear();
  kept_.clear();
  remembered_.clear();
  undone_ = tx.undone();
}

void Group::begin(db::Tx& tx, bool was_outrun, const std::function<void()>& note_others) {
  join(tx);
  if (was_outrun) locked_groups_ = kLockedGroups;
  if (end_ && locked_groups_ == 0) return;
  const auto left = end_;
  look_for_end(tx);
  if (!left) return;
  if (left == end_) {
    --locked_groups_;
    return;
  }
  locked_groups_ = kLockedGroups;
  note_others();
  remembered_.clear();
  undone_ = tx.undone();
}

Stream& Group::stream(db::Tx& tx, const Uuid& aggregate_id, bool must_be_present) {
  if (const auto known = streams_.find(aggregate_id); known != streams_.end()) {
    // What was appended to is relied on as it was taken to be.
    const auto& stream = known->second;
    if (!must_be_present || !stream.is_remembered || stream.is_relied_on) return known->second;
  }
  auto& stream = streams_[aggregate_id];
  if (const auto old = remembered_.find(aggregate_id);
      old != remembered_.end() && !must_be_present) {
    return stream = old->second;
  }
  stream = {};
  auto rows = tx.query("SELECT version, user_id FROM streams WHERE aggregate = $1", aggregate_id);
  if (rows.next()) {
    stream.version = stream.found_version = rows.integer(0);
    stream.user_id = rows.text(1);
  }
  return stream;
}

const Stream* Group::known_stream(const Uuid& aggregate_id) const {
  const auto known = streams_.find(aggregate_id);
  return known != streams_.end() ? &known->second : nullptr;
}

Stream* Group::new_stream(const Uuid& aggregate_id, const std::string& user_id) {
  if (streams_.contains(aggregate_id) || remembered_.contains(aggregate_id)) return nullptr;
  auto& stream = streams_[aggregate_id];
  stream.user_id = user_id;
  stream.is_said_to_be_new = true;
  return &stream;
}

std::optional<std::int64_t> Group::last_position() const {
  if (events_.empty() || events_.back()->position == 0) return std::nullopt;
  return events_.back()->position;
}

// Who was outrun has it to himself from the beginning, until nobody else has appended for a while:
// nodes that are all busy wait for each other rather than do most of their groups again.
void Group::look_for_end(db::Tx& tx) {
  auto rows = tx.query(locked_groups_ > 0 ? "SELECT position, link FROM log_head FOR UPDATE"
                                          : "SELECT position, link FROM log_head");
  end_ = 0;  // of a transaction that has failed
  if (!rows.next()) return;
  end_ = rows.integer(0);
  const auto link = rows.view(1);
  std::copy_n(link.begin(), std::min(link.size(), link_.size()), link_.begin());
}

EventRef Group::add(db::Tx& tx, const NewEvent& event, Stream* stream) {
  auto made = event.unplaced(stream != nullptr ? ++stream->version : 0);
  if (positions_ == Positions::kAtOnce) {
    if (!end_) look_for_end(tx);
    made->position = *end_ + static_cast<std::int64_t>(events_.size()) + 1;
  }
  if (stream != nullptr) {
    stream->user_id = event.draft().user_id;
    stream->is_relied_on = true;
    stream->newest = made;
  }
  if (event.has_given_id()) by_given_id_.emplace(event.id(), made);
  drafts_.push_back(event);
  events_.push_back(made);
  return made;
}

void Group::read_on(const Filter& filter, Page& page) const {
  std::size_t bytes = 0;
  for (const auto& event : page.events) bytes += event->data.size();
  for (const auto& event : events_) {
    if (event->position <= page.next_after || event->position >= filter.before) continue;
    if (is_full(page, bytes, filter)) {
      page.is_at_end = false;
      return;
    }
    page.next_after = event->position;
    if (!matches(*event, filter)) continue;
    page.events.push_back(event);
    bytes += event->data.size();
  }
}

EventRef Group::event(const Uuid& id) const {
  const auto found = by_given_id_.find(id);
  return found != by_given_id_.end() ? found->second : nullptr;
}

const Group::Kept* Group::kept(const std::string& user_id, const std::string& key) const {
  const auto found = kept_.find({user_id, key});
  return found != kept_.end() ? &found->second : nullptr;
}

void Group::keep(const std::string& user_id, const std::string& key, Kept kept) {
  kept_.emplace(std::pair(user_id, key), std::move(kept));
}

std::optional<db::postgres::LastStatement> Group::take(db::Tx& tx) {
  join(tx);
  auto streams = std::exchange(streams_, {});
  auto kept = std::exchange(kept_, {});
  auto events = std::exchange(events_, {});
  const auto drafts = std::exchange(drafts_, {});
  by_given_id_.clear();
  if (events.empty()) return std::nullopt;

  auto appending = std::make_shared<Appending>();
  for (const auto& [id, stream] : streams) appending->add(id, stream);
  for (const auto& [key, one] : kept) appending->add(key.first, key.second, one);
  auto link = link_;
  if (positions_ == Positions::kAtOnce) {
    appending->taken_to_be = end_;
    appending->link_taken_to_be = link_;
  }
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const auto& draft = drafts[i];
    const auto version = events[i]->aggregate_version;
    if (positions_ == Positions::kAtOnce) {
      link =
          link_hash(link, events[i]->position, version, draft.header_hash(), draft.content_hash());
      appending->add(draft, version, bytes_of(link));
    } else {
      appending->add(draft, version, chained(draft, version));
    }
  }
  static const std::string kSql = [] {
    std::string sql = "SELECT append_to_log($1";
    for (std::size_t i = 2; i <= Appending().values().size(); ++i) {
      sql.append(", $").append(std::to_string(i));
    }
    return sql + ")";
  }();
  return db::postgres::LastStatement{
      .sql = kSql,
      .values = appending->values(),
      // Others may have appended behind them.
      .asked_later = positions_ == Positions::kAtOnce
                         ? "SELECT CAST(" + std::to_string(*end_) + " AS BIGINT)"
                         : "SELECT position - " + std::to_string(events.size()) + " FROM log_head",
      .answer = [this, appending, link, events = std::move(events),
                 streams = std::move(streams)](db::Rows& rows) mutable {
        SYNAP_CHECK(rows.next(), "an append tells where it is");
        auto position = rows.integer(0);
        for (const auto& event : events) {
          ++position;
          SYNAP_CHECK(event->position == 0 || event->position == position, "it was told another");
          event->position = position;
        }
        end_ = position;
        link_ = link;
        if (remembered_.size() > kRememberedMax) remembered_.clear();
        for (auto& [id, stream] : streams) {
          if (stream.version == 0) continue;
          remembered_[id] = {.user_id = std::move(stream.user_id),
                             .version = stream.version,
                             .found_version = stream.version,
                             .is_remembered = true};
        }
      }};
}

}  // namespace synap::events::postgres
