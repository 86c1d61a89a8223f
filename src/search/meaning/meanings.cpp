#include "search/meaning/meanings.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "base/crypto.h"
#include "base/first_of.h"
#include "base/log.h"
#include "base/run_on.h"
#include "embedding/answerer.h"
#include "search/meaning/shared_vector_index.h"
#include "vectors/quantise.h"

namespace synap::search {
namespace {

constexpr std::string_view kFamily = "meaning-";
constexpr std::string_view kPrefix = "meaning-1-";
// Of a model that cannot be opened.
constexpr std::chrono::milliseconds kPatienceMax(60'000);
// So many looks at a time: each has the query's thread for some milliseconds.
constexpr int kLooksMax = 32;
// So far behind is a moment, of which an answer says nothing.
constexpr std::int64_t kMomentLag = 1'000;
// Another node fills an index for hours.
constexpr std::chrono::milliseconds kWatchInterval(200);
// Queries whose vectors are remembered: for the pages behind the first, and for who types.
constexpr std::size_t kRememberedMax = 256;
// So long a model is not asked of which somebody has to see to it: each question would be paid for,
// and have the same answer.
constexpr std::chrono::seconds kRefusedFor(10);

// The system then gives its thread the processor when nobody else wants it at all. What holds a
// lock must not run so, since others wait for it: so only a model computes there.
Task<void> become_idle(std::shared_ptr<std::atomic<int>> thread) {
  const sched_param none{};
  // It may always be asked for less. Where a system knows no such thing, it stays as it is.
  if (sched_setscheduler(0, SCHED_IDLE, &none) == 0) thread->store(gettid());
  co_return;
}

// Of a thread for whose end somebody waits. Where that is not allowed, it takes its time.
void end_idleness(int thread) {
  const sched_param none{};
  if (thread > 0) std::ignore = sched_setscheduler(thread, SCHED_OTHER, &none);
}

std::string version_of(const embedding::Embedder& embedder) {
  auto name = embedder.model();
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  if (!std::ranges::all_of(name, is_plain) || name.size() > 100) {
    name = to_hex(sha256(name)).substr(0, 24);
  }
  return fmt::format("{}-{}-{}", name, embedder.dimension(), kPiecesVersion);
}

std::string version_of(const std::vector<Kind>& kinds) {
  std::string all;
  for (const auto& kind : kinds) all += fmt::format("\n{}\n{}", kind.name, kind.version);
  return to_hex(sha256(all)).substr(0, 12);
}

}  // namespace

struct Meanings::Pending {
  Watermark is_done;
  Result<Look> look = fail(Code::kTimeout, "");
};

Meanings::Meanings(const Rooms& rooms, const std::vector<Kind>& kinds, MeaningPlace place,
                   MeaningOptions options)
    : rooms_(rooms),
      kinds_(kinds),
      place_(std::move(place)),
      options_(std::move(options)),
      embedding_executor_(rooms.world.make_executor("embedding", ThreadPriority::kBackground)),
      query_executor_(rooms.world.make_executor("search query")),
      executor_(rooms.world.make_executor("search meaning", ThreadPriority::kBackground)) {
  spawn(*embedding_executor_, become_idle(embedding_thread_));
}

Meanings::~Meanings() {
  stop();
}

void Meanings::start() {
  background_.begin(run());
}

void Meanings::stop() {
  end_idleness(embedding_thread_->exchange(0));
  background_.stop();
  looks_.stop();
}

void Meanings::say(std::string problem) {
  std::lock_guard lock(mutex_);
  problem_ = std::move(problem);
}

Task<void> Meanings::run() {
  auto patience = options_.look_interval;
  while (!background_.is_stopping()) {
    const auto chosen = options_.embedders->chosen();
    auto embedder =
        chosen ? options_.embedders->open(*chosen, *embedding_executor_) : fail(chosen.error());
    if (embedder) {
      patience = options_.look_interval;
      co_await use(std::move(*embedder));
      continue;
    }
    say(embedder.error().message);
    // That there is none is no news every second.
    const bool is_none = !chosen && chosen.error().code == Code::kNotFound;
    if (!is_none) {
      write_log_bounded(Same::kLine, LogLevel::kWarn, "search",
                        "the sentence model cannot be used: {error}",
                        {{"error", embedder.error().message}});
    }
    co_await rooms_.world.sleep_for(patience, background_.token());
    patience = is_none ? options_.look_interval : std::min(patience * 2, kPatienceMax);
  }
}

// Until another model is to be used.
Task<void> Meanings::use(std::shared_ptr<embedding::Embedder> embedder) {
  // A page of the log may take minutes: who embeds it looks at this between two texts.
  std::stop_source over_soon;
  std::stop_callback on_stop(background_.token(), [&] { over_soon.request_stop(); });
  auto keeper = make_keeper(embedder, over_soon.get_token());
  {
    std::lock_guard lock(mutex_);
    keeper_ = keeper;
    model_ = embedder->model();
    only_language_ = embedder->only_language();
    problem_.clear();
  }
  co_await first_of(
      background_.token(),
      [&](std::stop_token over) -> Task<bool> {
        const bool is_other =
            co_await until_other_model(embedder->model(), *keeper, std::move(over));
        over_soon.request_stop();
        co_return is_other;
      },
      [&](std::stop_token over) -> Task<bool> {
        co_await keeper->run(std::move(over));
        co_return false;
      },
      [&](std::stop_token over) { return keep_neighbours(*keeper, std::move(over)); });
  std::lock_guard lock(mutex_);
  keeper_.reset();
  query_embedder_.reset();
  query_problem_.clear();
}

// And meanwhile, how fast it goes.
Task<bool> Meanings::until_other_model(std::string model, IndexKeeper& keeper,
                                       std::stop_token over) {
  constexpr double kNew = 0.2;
  auto at = rooms_.world.now();
  auto embedded = embedded_.value();
  auto indexed = std::max<std::int64_t>(keeper.indexed().value(), 0);
  while (co_await rooms_.world.sleep_for(options_.look_interval, over)) {
    const auto chosen = options_.embedders->chosen();
    if (!chosen || *chosen != model) co_return true;
    const auto now = rooms_.world.now();
    const double seconds = std::chrono::duration<double>(now - at).count();
    const auto now_embedded = embedded_.value();
    const auto now_indexed = std::max<std::int64_t>(keeper.indexed().value(), 0);
    std::lock_guard lock(mutex_);
    const auto renew = [&](double& rate, auto count) {
      rate += kNew * (static_cast<double>(count) / std::max(seconds, 1e-3) - rate);
    };
    renew(passages_per_second_, now_embedded - embedded);
    renew(events_per_second_, now_indexed - indexed);
    at = now;
    embedded = now_embedded;
    indexed = now_indexed;
  }
  co_return false;
}

// Of whoever has more vectors than a node has room for: beside all else, since it takes long.
Task<bool> Meanings::keep_neighbours(IndexKeeper& keeper, std::stop_token over) {
  bool goes_on = false;
  while (goes_on ? !over.stop_requested()
                 : co_await rooms_.world.sleep_for(options_.look_interval, over)) {
    const auto index = std::static_pointer_cast<VectorIndex>(keeper.serving());
    goes_on = index != nullptr && index->neighbours() != nullptr;
    if (!goes_on) continue;
    const auto kept = co_await index->keep_neighbours(rooms_.world.now(), over);
    if (!kept && !over.stop_requested()) {
      write_log_bounded(Same::kLine, LogLevel::kWarn, "search",
                        "an index of neighbours cannot be written now: {error}",
                        {{"error", kept.error().message}});
    }
    goes_on = kept && *kept;
  }
  co_return false;
}

std::shared_ptr<IndexKeeper> Meanings::make_keeper(
    const std::shared_ptr<embedding::Embedder>& embedder, std::stop_token stop) {
  const bool is_shared = place_.shared != nullptr;
  // A name of tables is short, and has no dots.
  const auto version =
      is_shared ? to_hex(sha256(version_of(*embedder))).substr(0, 12) : version_of(*embedder);
  const auto current = is_shared ? fmt::format("{}{}", kSharedMeanings.prefix, version)
                                 : fmt::format("{}{}.db", kPrefix, version);
  const auto options_of = [this, embedder, current, stop](std::string_view name) {
    VectorIndex::Options options{.blocks_bytes_max = options_.blocks_bytes_max};
    if (name == current) {
      options.embedder = embedder;
      options.kinds = version_of(kinds_);
      options.stop = stop;
      options.embedded = &embedded_;
      options.open_another = place_.open_another;
    }
    return options;
  };
  KeeperOptions options{.place = nullptr,
                        .version = [version] { return version; },
                        .subject = "the index of meanings",
                        // One whose model is gone answers nothing.
                        .serves =
                            [this](const IndexFile& former) {
                              const auto& model = static_cast<const VectorIndex&>(former).model();
                              return options_.embedders->open(model, *query_executor_).has_value();
                            },
                        .leads = is_shared ? place_.leads : nullptr,
                        .watch_interval = kWatchInterval};
  if (is_shared) {
    options.place = std::make_shared<SharedPlace>(SharedPlace::Options{
        .engine = place_.shared,
        .world = rooms_.world,
        .family = kSharedMeanings,
        .open = [this, options_of](const std::string& name) -> Result<std::unique_ptr<IndexFile>> {
          return std::make_unique<SharedVectorIndex>(place_.shared, name, options_of(name));
        }});
  } else {
    options.place = std::make_shared<DirectoryPlace>(DirectoryPlace::Options{
        .directory = place_.directory,
        .family = kFamily,
        .prefix = kPrefix,
        .open = [this, options_of](const std::string& path) -> Result<std::unique_ptr<IndexFile>> {
          const auto name = path.substr(path.rfind('/') + 1);
          auto opened = FileVectorIndex::open_file(path, rooms_.world, options_of(name));
          if (!opened) return fail(opened.error());
          return std::unique_ptr<IndexFile>(std::move(*opened));
        }});
  }
  return std::make_shared<IndexKeeper>(rooms_, kinds_, std::move(options));
}

std::shared_ptr<IndexKeeper> Meanings::keeper() const {
  std::lock_guard lock(mutex_);
  return keeper_;
}

std::shared_ptr<VectorIndex> Meanings::serving() const {
  const auto kept = keeper();
  return kept == nullptr ? nullptr : std::static_pointer_cast<VectorIndex>(kept->serving());
}

Task<Result<Meanings::Look>> Meanings::look(std::string user_id, std::optional<Query> query,
                                            std::chrono::milliseconds patience) {
  if (serving() == nullptr) {
    std::lock_guard lock(mutex_);
    if (!problem_.empty()) co_return fail(Code::kNotFound, problem_);
    if (keeper_ == nullptr) co_return fail(Code::kNotFound, "there is no sentence model");
    const auto error = keeper_->progress().error;
    co_return fail(Code::kServiceUnavailable,
                   error.empty() ? "the index of meanings is being opened"
                                 : fmt::format("there is no index of meanings: {}", error));
  }
  if (looks_.is_stopping() || looking_.fetch_add(1) >= kLooksMax) {
    if (!looks_.is_stopping()) looking_.fetch_sub(1);
    co_return fail(Code::kServiceUnavailable, "too many look by meaning at this moment");
  }
  auto pending = std::make_shared<Pending>();
  looks_.begin(prepare(pending, std::move(user_id), std::move(query)));
  co_await first_of(
      std::stop_token(),
      [&](std::stop_token over) { return pending->is_done.wait_past(0, std::move(over)); },
      [&](std::stop_token over) { return rooms_.world.sleep_for(patience, std::move(over)); });
  if (pending->is_done.value() == 0) {
    co_return fail(Code::kTimeout,
                   fmt::format("the query's meaning was not known within {} ms", patience.count()));
  }
  co_return pending->look;
}

// It goes on where nobody waits for it any more: the next query has what it has found.
Task<void> Meanings::prepare(std::shared_ptr<Pending> pending, std::string user_id,
                             std::optional<Query> query) {
  pending->look = co_await prepared(user_id, query);
  looking_.fetch_sub(1);
  pending->is_done.raise(1);
}

Task<Result<Meanings::Look>> Meanings::prepared(const std::string& user_id,
                                                const std::optional<Query>& query) {
  Look look{.index = serving(), .block = nullptr, .query = {}, .note = ""};
  if (look.index == nullptr) co_return fail(Code::kServiceUnavailable, "the model is replaced");
  if (query) {
    auto vector = co_await vector_of_query(*look.index, user_id, *query);
    if (!vector) co_return fail(vector.error());
    look.query = std::move(*vector);
  }
  auto block = co_await look.index->block(user_id);
  if (!block && block.error().code == Code::kPayloadTooLarge) {
    auto large = co_await look_at_large(std::move(look), user_id, block.error());
    if (!large) co_return fail(large.error());
    look = std::move(*large);
  } else if (!block) {
    co_return fail(failed(block.error()));
  } else {
    look.block = std::move(*block);
  }
  const auto kept = keeper();
  const auto progress = kept == nullptr ? IndexKeeper::Progress{} : kept->progress();
  const auto lag = kept == nullptr ? 0 : kept->lag();
  if (!progress.is_complete || lag > kMomentLag) {
    look.note =
        fmt::format("the index of meanings is being filled: {} events are not in it yet", lag);
  }
  co_return look;
}

// Where the database has an index of neighbours, it answers.
Task<Result<Meanings::Look>> Meanings::look_at_large(Look look, const std::string& user_id,
                                                     Error too_large) {
  if (look.index->neighbours() == nullptr) co_return fail(std::move(too_large));
  const auto owner = co_await look.index->owner(user_id);
  if (!owner) co_return fail(failed(owner.error()));
  look.owner = owner->value_or(BlockOwner{});
  const auto why = co_await look.index->read(
      [&](db::Tx& tx) { return look.index->why_no_neighbours(tx, look.owner); });
  if (!why) co_return fail(failed(why.error()));
  if (why->empty()) co_return look;
  too_large.message += fmt::format("; {}", *why);
  co_return fail(std::move(too_large));
}

Error Meanings::failed(Error error) const {
  const auto kept = keeper();
  return kept == nullptr ? error : kept->read_failed(std::move(error));
}

Result<std::shared_ptr<embedding::Embedder>> Meanings::query_embedder(const std::string& model) {
  {
    std::lock_guard lock(mutex_);
    if (query_embedder_ != nullptr && query_embedder_->model() == model) return query_embedder_;
  }
  auto opened = options_.embedders->open(model, *query_executor_);
  if (!opened) return fail(opened.error());
  std::lock_guard lock(mutex_);
  query_embedder_ = *opened;
  return *opened;
}

Task<Result<embedding::Vector>> Meanings::embed_query(VectorIndex& index,
                                                      const std::string& user_id,
                                                      const Query& query) {
  const auto embedder = query_embedder(index.model());
  if (!embedder) co_return fail(embedder.error());
  embedding::Ask ask{.texts = {},
                     .answered_by = index.answered_by(),
                     .payer = {.user_id = user_id, .key_id = query.key_id}};
  ask.texts.push_back(query.text);
  const bool is_compared = !ask.answered_by.empty();
  auto embedded = co_await embed_checked(**embedder, std::move(ask));
  if (!embedded) co_return fail(embedded.error());
  if (!is_compared && !embedded->answered_by.empty()) {
    const auto before = co_await index.read_answered_by();
    if (!before) co_return fail(failed(before.error()));
    if (auto other = embedding::other_answerer(index.model(), *before, embedded->answered_by)) {
      co_return fail(std::move(*other));
    }
  }
  co_return std::move(embedded->vectors.front());
}

// Remembered by user: how fast an answer is must not say what others look for.
Task<Result<embedding::Vector>> Meanings::vector_of_query(VectorIndex& index,
                                                          const std::string& user_id,
                                                          const Query& query) {
  const auto& text = query.text;
  const auto& model = index.model();
  {
    std::lock_guard lock(mutex_);
    const auto known = std::ranges::find_if(remembered_, [&](const Remembered& one) {
      return one.user_id == user_id && one.text == text && one.model == model;
    });
    if (known != remembered_.end()) {
      remembered_.splice(remembered_.begin(), remembered_, known);
      co_return known->vector;
    }
    if (!query_problem_.empty() && refused_model_ == model && rooms_.world.now() < refused_until_) {
      co_return fail(Code::kPreconditionFailed, query_problem_);
    }
  }
  auto vector = co_await embed_query(index, user_id, query);
  std::lock_guard lock(mutex_);
  if (!vector) {
    // That it is away says nothing of who would answer.
    if (vector.error().code == Code::kPreconditionFailed) {
      query_problem_ = vector.error().message;
      refused_model_ = model;
      refused_until_ = rooms_.world.now() + kRefusedFor;
    }
    co_return fail(vector.error());
  }
  query_problem_.clear();
  remembered_.push_front({user_id, text, model, *vector});
  if (remembered_.size() > kRememberedMax) remembered_.pop_back();
  co_return vector;
}

namespace {

// Owns what it uses.
Task<Result<Meanings::Seen>> see_in(Meanings::Look look, Meanings::Asked asked) {
  Meanings::Seen seen;
  auto nearest = look.block->nearest(
      look.query,
      {.count = asked.count,
       .takes = [&](const Uuid& entity,
                    std::int64_t updated_at) { return asked.rules->takes(entity, updated_at); },
       .background = &seen.background});
  if (!nearest) co_return fail(nearest.error());
  seen.nearest = std::move(*nearest);
  for (const auto& entity : asked.others) {
    seen.others.push_back(look.block->nearness(entity, look.query));
  }
  co_return seen;
}

// A thing of many passages may have all of those that are near: then more are asked for.
Meanings::Seen see_neighbours(db::Tx& tx, const Meanings::Look& look,
                              const Meanings::Asked& asked) {
  constexpr std::int64_t kPassagesMost = 4'000;
  Meanings::Seen seen;
  const auto types = vector_types_in(tx);
  const auto& neighbours = *look.index->neighbours();
  const auto why = look.index->why_no_neighbours(tx, look.owner);
  if (!types || !why.empty()) {
    if (tx.ok()) tx.abort({Code::kServiceUnavailable, why, nullptr});
    return seen;
  }
  const auto& rules = *asked.rules;
  Neighbours::Asked wanted{.query = look.query,
                           .count = static_cast<std::int64_t>(2 * asked.count),
                           .from = rules.from,
                           .to = rules.to,
                           .only = rules.only ? &*rules.only : nullptr,
                           .never = &rules.never};
  while (tx.ok()) {
    const auto found = neighbours.nearest(tx, *types, look.owner, wanted);
    std::unordered_set<Uuid> things;
    seen.nearest.clear();
    for (const auto& near : found) {
      if (seen.nearest.size() < asked.count && things.insert(near.entity).second) {
        seen.nearest.push_back(near);
      }
    }
    const bool are_all = static_cast<std::int64_t>(found.size()) < wanted.count;
    if (seen.nearest.size() == asked.count || are_all || wanted.count >= kPassagesMost) break;
    wanted.count = std::min(8 * wanted.count, kPassagesMost);
  }
  seen.background = neighbours.background(tx, *types, look.owner, look.query);
  std::unordered_map<Uuid, Near> near;
  if (!asked.others.empty()) {
    for (auto& one : neighbours.nearness(tx, *types, look.owner, look.query, asked.others)) {
      near.emplace(one.entity, one);
    }
  }
  for (const auto& entity : asked.others) {
    const auto at = near.find(entity);
    seen.others.push_back(at == near.end() ? std::nullopt : std::optional(at->second));
  }
  return seen;
}

std::optional<embedding::Vector> mean_of(db::Tx& tx, const Uuid& entity, std::size_t dimension) {
  embedding::Vector mean(dimension, 0);
  std::int64_t count = 0;
  auto rows = tx.query(
      "SELECT vector FROM documents JOIN passages ON passages.id >= documents.number << 16 "
      "AND passages.id < (documents.number + 1) << 16 WHERE entity = $1",
      entity);
  while (rows.next()) {
    const auto vector = vectors::unpack(rows.view(0), dimension);
    if (!vector) continue;
    for (std::size_t i = 0; i < dimension; ++i) mean[i] += (*vector)[i];
    ++count;
  }
  if (count == 0) {
    auto known = tx.query("SELECT 1 FROM documents WHERE entity = $1", entity);
    return known.next() ? std::optional(embedding::Vector()) : std::nullopt;
  }
  float square = 0;
  for (const float value : mean) square += value * value;
  if (!(square > 0)) return embedding::Vector();
  for (auto& value : mean) value /= std::sqrt(square);
  return mean;
}

}  // namespace

Task<Result<Meanings::Seen>> Meanings::see(const Look& look, Asked asked) {
  if (look.block == nullptr) {
    auto seen =
        co_await look.index->read([&](db::Tx& tx) { return see_neighbours(tx, look, asked); });
    if (!seen) co_return fail(failed(seen.error()));
    co_return seen;
  }
  co_return co_await run_on(*query_executor_, see_in(look, std::move(asked)));
}

Task<Result<std::vector<std::optional<PassagePlace>>>> Meanings::places(
    const Look& look, std::vector<std::int64_t> passages) {
  auto places = co_await look.index->read([&](db::Tx& tx) { return places_of(tx, passages); });
  if (!places) co_return fail(failed(places.error()));
  co_return places;
}

Task<Result<std::optional<embedding::Vector>>> Meanings::vector_of(const Look& look, Uuid entity) {
  auto mean = co_await look.index->read(
      [&](db::Tx& tx) { return mean_of(tx, entity, look.index->dimension()); });
  if (!mean) co_return fail(failed(mean.error()));
  co_return mean;
}

Task<Result<MeaningStatus>> Meanings::status(std::string user_id) {
  MeaningStatus status{
      .model = "", .models = options_.embedders->models(), .problem = "", .query_problem = ""};
  status.blocks_bytes_max = options_.blocks_bytes_max;
  const auto kept = keeper();
  {
    std::lock_guard lock(mutex_);
    status.model = model_;
    status.problem = problem_;
    status.query_problem = query_problem_;
    status.passages_per_second = passages_per_second_;
    if (kept != nullptr) {
      status.index = kept->progress();
      const auto target = status.index->next_position.value_or(status.index->position);
      const auto left = std::max<std::int64_t>(rooms_.log.end().value() - target, 0);
      const bool is_moving = left > 0 && events_per_second_ > 0.01;
      if (is_moving) status.eta_s = std::llround(static_cast<double>(left) / events_per_second_);
      status.lag = kept->lag();
    }
  }
  const auto index = serving();
  if (index == nullptr) co_return status;
  status.dimension = index->dimension();
  status.blocks_bytes = index->blocks().bytes();
  status.is_shared = index->is_shared();
  const auto owner = co_await index->owner(user_id);
  if (!owner) co_return fail(failed(owner.error()));
  if (!*owner) co_return status;
  status.passages = (*owner)->passages;
  const auto by = co_await compared_by(*index, **owner);
  if (!by) co_return fail(failed(by.error()));
  status.compared_by = *by;
  co_return status;
}

Task<Result<ComparedBy>> Meanings::compared_by(VectorIndex& index, const BlockOwner& owner) const {
  const auto bytes = UserBlock::bytes_of(owner.documents, owner.passages, index.dimension());
  if (bytes <= options_.blocks_bytes_max) co_return ComparedBy::kMemory;
  if (index.neighbours() == nullptr) co_return ComparedBy::kNothing;
  const auto why =
      co_await index.read([&](db::Tx& tx) { return index.why_no_neighbours(tx, owner); });
  if (!why) co_return fail(why.error());
  co_return why->empty() ? ComparedBy::kNeighbours : ComparedBy::kNothing;
}

Meanings::State Meanings::state() const {
  const auto kept = keeper();
  State state{.model = "",
              .problem = "",
              .query_problem = "",
              .only_language = "",
              .has_models = !options_.embedders->models().empty(),
              .is_shared = place_.shared != nullptr};
  {
    std::lock_guard lock(mutex_);
    state.model = model_;
    state.problem = problem_;
    state.query_problem = query_problem_;
    state.only_language = only_language_;
  }
  if (kept == nullptr) return state;
  state.index = kept->progress();
  state.lag = kept->lag();
  return state;
}

Task<std::string> Meanings::why_no_neighbours() const {
  const auto index = serving();
  if (index == nullptr) co_return "there is no index of meanings";
  const auto why =
      co_await index->read([&](db::Tx& tx) { return index->why_no_neighbours(tx, std::nullopt); });
  co_return why ? *why : why.error().message;
}

std::optional<std::int64_t> Meanings::lag() const {
  const auto kept = keeper();
  return kept == nullptr ? std::nullopt : std::optional(kept->lag());
}

std::int64_t Meanings::indexed() const {
  const auto kept = keeper();
  return kept == nullptr ? -1 : kept->indexed().value();
}

std::size_t Meanings::blocks_bytes() const {
  const auto index = serving();
  return index == nullptr ? 0 : index->blocks().bytes();
}

}  // namespace synap::search
