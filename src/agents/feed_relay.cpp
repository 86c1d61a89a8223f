#include "agents/feed_relay.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>
#include <vector>

#include "base/first_of.h"
#include "base/log.h"
#include "schema/schema.h"

namespace synap::agents {
namespace {

using namespace std::chrono_literals;

constexpr auto kAskEvery = 3'000ms;
constexpr auto kAskedFor = 10'000ms;
// What comes within so long goes as one piece: a reader sees no difference, a database does.
constexpr auto kTellEvery = 50ms;
// What was sent so long ago has come, or never will.
constexpr auto kOnItsWayMax = 1'000ms;
// Behind a lost piece others are on their way, each of which shows the loss again.
constexpr auto kMissEvery = 300ms;
// One that follows another source of the run is believed at once where its source is newer, by the
// clocks of two machines; otherwise when the other has been silent for so long.
constexpr auto kSilentMin = 2'000ms;
constexpr auto kPassEvery = 20ms;
// Of one run in one pass, so that a long one does not keep others waiting.
constexpr int kPiecesMax = 4;
constexpr std::size_t kPieceMax = 32 * 1024;
constexpr std::size_t kHeadMax = 256;  // of a line: its words and numbers

struct ToldEntry {
  std::int64_t kind = 0;
  std::int64_t number = 0;
  std::string node;
  std::string name;
  std::string text;
  bool is_ok = true;
  GraphPath path = {};
};
const ObjectSchema<ToldEntry>& describe(Type<ToldEntry>) {
  static const auto schema =
      object<ToldEntry>()
          .field("kind", &ToldEntry::kind,
                 integer().min(0).max(static_cast<std::int64_t>(FeedEntry::Kind::kEnd)))
          .field("number", &ToldEntry::number, integer())
          .field("node", &ToldEntry::node)
          .field("name", &ToldEntry::name)
          .field("text", &ToldEntry::text)
          .field("ok", &ToldEntry::is_ok)
          .field_or("path", &ToldEntry::path, array(string()), {});
  return schema;
}

// States are told by their path and number: they are in the database, where any node reads them.
std::string text_of(std::vector<FeedEntry> entries) {
  std::vector<ToldEntry> told;
  told.reserve(entries.size());
  for (auto& entry : entries) {
    told.push_back({static_cast<std::int64_t>(entry.kind), entry.number, std::move(entry.node),
                    std::move(entry.name), std::move(entry.text), entry.is_ok,
                    std::move(entry.path)});
  }
  std::string text;
  encode(text, told);
  return text;
}

auto order_of(const Feed::Place& place) {
  return std::tuple(place.entry, place.offset);
}

// Of a length of at most `most`, with whole characters: a server takes no other texts.
std::size_t part_of(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text.size();
  std::size_t size = most;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return size;
}

// The words of a line, one after another.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}
  std::string_view word() {
    const auto end = rest_.find(' ');
    const auto word = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    return word;
  }
  template <class Number>
  bool number(Number& number) {
    const auto text = word();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
  }
  bool id(Uuid& id) {
    const auto parsed = Uuid::parse(word());
    id = parsed.value_or(Uuid{});
    return parsed.has_value();
  }
  bool place(Feed::Place& place) { return number(place.entry) && number(place.offset); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace

struct FeedRelay::Ask {
  Uuid run;
  std::int64_t node = 0;
  Uuid source;
  Feed::Place place;
  bool has_lost = false;

  static std::optional<Ask> parse(Words words) {
    Ask ask;
    if (!words.id(ask.run) || !words.number(ask.node) || !words.id(ask.source) ||
        !words.place(ask.place)) {
      return std::nullopt;
    }
    ask.has_lost = words.word() == "lost";
    return ask;
  }
};

struct FeedRelay::Piece {
  Uuid run;
  Uuid source;
  Feed::Place from;
  Feed::Place to;
  std::size_t part = 0;
  std::size_t parts = 0;
  std::string_view text;

  static std::optional<Piece> parse(Words words) {
    Piece piece;
    if (!words.id(piece.run) || !words.id(piece.source) || !words.place(piece.from) ||
        !words.place(piece.to) || !words.number(piece.part) || !words.number(piece.parts)) {
      return std::nullopt;
    }
    piece.text = words.rest();
    return piece;
  }
};

// Lines on their way to nodes, as few messages as can be.
class FeedRelay::Outbox {
 public:
  explicit Outbox(NodeMessages& messages) : messages_(messages) {}
  void add(std::optional<std::int64_t> node, std::string_view line) {
    auto& message = messages_of_[node];
    if (message.size() + 1 + line.size() > NodeMessages::kBytesMax) flush(node, message);
    if (!message.empty()) message.push_back('\n');
    message.append(line);
  }
  void flush() {
    for (auto& [node, message] : messages_of_) flush(node, message);
  }
  /// Something could not be sent: what is still to be told can wait.
  bool is_full() const { return is_full_; }

 private:
  void flush(std::optional<std::int64_t> node, std::string& message) {
    if (message.empty()) return;
    if (!messages_.send(node, std::exchange(message, {}))) is_full_ = true;
  }

  NodeMessages& messages_;
  std::map<std::optional<std::int64_t>, std::string> messages_of_;
  bool is_full_ = false;
};

void FeedRelay::hear(std::string_view message) {
  while (!message.empty()) {
    const auto end = message.find('\n');
    Words words(message.substr(0, end));
    message = end == std::string_view::npos ? std::string_view() : message.substr(end + 1);
    const auto kind = words.word();
    if (kind == "ask") {
      if (const auto ask = Ask::parse(words)) hear(*ask);
    } else if (kind == "piece") {
      if (const auto piece = Piece::parse(words)) hear(*piece);
    }
  }
}

void FeedRelay::hear(const Ask& ask) {
  if (ask.node == node_) return;
  std::int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto now = world_.now();
    const std::pair key(ask.run, ask.node);
    if (!asked_.contains(key) && asked_.size() >= kAskedMax) {
      write_log_bounded(Same::kMessage, LogLevel::kWarn, "agents",
                        "other nodes watch more than {count} runs: of further ones they are told "
                        "the states only",
                        {{"count", static_cast<std::int64_t>(kAskedMax)}});
      return;
    }
    auto& asked = asked_[key];
    asked.until = now + kAskedFor;
    bind(ask.run, asked);
    const bool is_of_this = ask.source == asked.source;
    const auto place = is_of_this ? ask.place : Feed::Place{};
    // The loss of what is sent last no later piece shows.
    const bool has_lost = (ask.has_lost && is_of_this) || now - asked.sent_at > kOnItsWayMax;
    if (has_lost && order_of(place) < order_of(asked.sent)) {
      const bool has_missed = asked.sent.has_missed;
      asked.sent = {.entry = place.entry, .offset = place.offset, .has_missed = has_missed};
      asked.seen = -1;
    }
    count = ++heard_count_;
  }
  heard_.raise(count);
}

void FeedRelay::hear(const Piece& piece) {
  std::int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = wanted_.find(piece.run);
    if (found == wanted_.end() || feeds_.carried_out(piece.run) != nullptr) return;
    auto& wanted = found->second;
    const auto now = world_.now();
    if (piece.source != wanted.source) {
      if (piece.source < wanted.source && now - wanted.heard_at < kSilentMin) return;
      wanted.source = piece.source;
      wanted.place = {};
      wanted.parts = 0;
    }
    wanted.heard_at = now;
    if (add(wanted, piece) || now - wanted.missed_at < kMissEvery) return;
    wanted.missed_at = now;
    wanted.has_lost = true;
    wanted.ask_at = now;
    count = ++heard_count_;
  }
  heard_.raise(count);
}

// False: something before it is missing.
bool FeedRelay::add(Wanted& wanted, const Piece& piece) {
  const auto from = order_of(piece.from);
  const auto here = order_of(wanted.place);
  if (from != here) return from < here;  // what has come before is told once
  if (piece.part == 0) {
    wanted.parts = 0;
    wanted.to = piece.to;
    wanted.text.clear();
  }
  // Parts of another piece that begins there, too, are no parts of this.
  if (piece.part != wanted.parts || order_of(piece.to) != order_of(wanted.to)) return false;
  wanted.text.append(piece.text);
  if (++wanted.parts < piece.parts) return true;
  const auto text = std::exchange(wanted.text, {});
  wanted.parts = 0;
  wanted.place = piece.to;
  auto json = parse_json(text);
  auto entries = json ? decode<std::vector<ToldEntry>>(std::move(*json))
                      : Result<std::vector<ToldEntry>>(fail(json.error()));
  if (!entries) {
    write_log_bounded(Same::kMessage, LogLevel::kError, "agents",
                      "another node tells of a run what cannot be read: {error}",
                      {{"error", entries.error().message}});
    return true;
  }
  for (auto& entry : *entries) {
    const auto kind = static_cast<FeedEntry::Kind>(entry.kind);
    if (kind == FeedEntry::Kind::kText) {
      wanted.feed->add_text(entry.node, entry.text, entry.path);
      continue;
    }
    wanted.feed->add({.kind = kind,
                      .number = entry.number,
                      .node = std::move(entry.node),
                      .name = std::move(entry.name),
                      .text = std::move(entry.text),
                      .is_ok = entry.is_ok,
                      .path = std::move(entry.path)});
  }
  return true;
}

void FeedRelay::bind(const Uuid& run, Asked& asked) {
  asked.feed = feeds_.carried_out(run);
  if (asked.feed == nullptr || asked.told.lock() == asked.feed) return;
  asked.told = asked.feed;
  asked.source = world_.new_id();
  asked.sent = {};
  asked.seen = -1;
}

void FeedRelay::look_for_wanted() {
  const auto changes = feeds_.changes().value();
  if (changes == seen_changes_) return;
  seen_changes_ = changes;
  auto wanted = feeds_.wanted();
  std::erase_if(wanted_, [&](const auto& one) {
    const auto found = wanted.find(one.first);
    return found == wanted.end() || found->second != one.second.feed;
  });
  const auto now = world_.now();
  for (auto& [run, feed] : wanted) {
    wanted_.try_emplace(run, Wanted{.feed = std::move(feed), .ask_at = now});
  }
  for (auto& [key, asked] : asked_) {
    // What it has said until it ended here is still to be told.
    if (asked.feed == nullptr) bind(key.first, asked);
  }
}

void FeedRelay::ask(Outbox& out) {
  const auto now = world_.now();
  for (auto& [run, wanted] : wanted_) {
    if (wanted.ask_at > now) continue;
    out.add(std::nullopt,
            fmt::format("ask {} {} {} {} {} {}", run.to_string(), node_, wanted.source.to_string(),
                        wanted.place.entry, wanted.place.offset,
                        std::exchange(wanted.has_lost, false) ? "lost" : "go-on"));
    wanted.ask_at = now + kAskEvery;
  }
}

void FeedRelay::tell(Outbox& out) {
  const auto now = world_.now();
  std::erase_if(asked_, [now](const auto& one) { return one.second.until <= now; });
  for (auto& [key, asked] : asked_) {
    if (out.is_full()) return;
    if (asked.feed != nullptr) tell(key.first, key.second, asked, out);
  }
}

void FeedRelay::tell(const Uuid& run, std::int64_t node, Asked& asked, Outbox& out) {
  const auto seen = asked.feed->changes().value();
  if (seen == asked.seen) {
    // From now on another node may tell it, also to this one.
    if (feeds_.carried_out(run) == nullptr) asked.feed = nullptr;
    return;
  }
  for (int i = 0; i < kPiecesMax; ++i) {
    auto place = asked.sent;
    auto entries = asked.feed->read(place, kPieceMax);
    if (entries.empty()) {
      asked.seen = seen;
      return;
    }
    const auto text = text_of(std::move(entries));
    std::vector<std::string_view> parts;
    for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(parts.back().size())) {
      parts.push_back(rest.substr(0, part_of(rest, NodeMessages::kBytesMax - kHeadMax)));
    }
    for (std::size_t part = 0; part < parts.size(); ++part) {
      out.add(node, fmt::format("piece {} {} {} {} {} {} {} {} {}", run.to_string(),
                                asked.source.to_string(), asked.sent.entry, asked.sent.offset,
                                place.entry, place.offset, part, parts.size(), parts[part]));
    }
    asked.sent = std::move(place);
    asked.sent_at = world_.now();
  }
}

SteadyClock::time_point FeedRelay::next_pass() const {
  const auto now = world_.now();
  auto next = now + kAskedFor;
  for (const auto& [key, asked] : asked_) {
    if (asked.feed != nullptr) return now + kTellEvery;
  }
  for (const auto& [run, wanted] : wanted_) next = std::min(next, wanted.ask_at);
  return next;
}

Task<void> FeedRelay::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto heard = heard_.value();
    const auto changes = feeds_.changes().value();
    auto next = SteadyClock::time_point();
    {
      const std::lock_guard lock(mutex_);
      Outbox out(messages_);
      look_for_wanted();
      ask(out);
      tell(out);
      out.flush();
      next = next_pass();
    }
    // Many that begin at once are seen at once.
    co_await world_.sleep_for(kPassEvery, stop);
    co_await first_of(
        stop, [&](auto over) { return heard_.wait_past(heard, over); },
        [&](auto over) { return feeds_.changes().wait_past(changes, over); },
        [&](auto over) { return world_.sleep_until(next, over); });
  }
}

}  // namespace synap::agents
