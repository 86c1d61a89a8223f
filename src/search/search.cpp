#include "search/search.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "search/shared_index.h"

namespace synap::search {
namespace {

// Of the tables of an index of words; one of another is not read.
constexpr std::string_view kFamily = "index-";
constexpr std::string_view kPrefix = "index-1-";
// So long the pages behind the first wait for meaning: words would be another answer.
constexpr std::chrono::milliseconds kFurtherPatience(5'000);

}  // namespace

Search::Search(const Rooms& rooms, std::string directory, std::optional<MeaningOptions> meaning,
               std::shared_ptr<db::Engine> shared,
               std::function<Result<std::shared_ptr<db::Engine>>()> open_another)
    : rooms_(rooms),
      directory_(std::move(directory)),
      shared_(std::move(shared)),
      executor_(rooms.world.make_executor("search", ThreadPriority::kBackground)) {
  KeeperOptions options{
      .place = nullptr, .version = [this] { return version(); }, .subject = "the search index"};
  if (shared_ != nullptr) {
    options.place = std::make_shared<SharedPlace>(SharedPlace::Options{
        .engine = shared_,
        .world = rooms_.world,
        .family = kSharedWords,
        .open = [this](const std::string& name) -> Result<std::unique_ptr<IndexFile>> {
          return std::make_unique<SharedIndex>(shared_, name);
        }});
    options.leads = &leads_;
  } else {
    options.place = std::make_shared<DirectoryPlace>(DirectoryPlace::Options{
        .directory = directory_,
        .family = kFamily,
        .prefix = kPrefix,
        .open = [this](const std::string& path) -> Result<std::unique_ptr<IndexFile>> {
          auto opened = FileIndex::open_file(path, rooms_.world);
          if (!opened) return fail(opened.error());
          return std::unique_ptr<IndexFile>(std::move(*opened));
        }});
  }
  // Each transaction makes a list of words of its own, and lists are merged again and again until
  // they are few. On a server they are not, and its statements have less time.
  options.page_events = shared_ == nullptr ? 4'000 : 500;
  words_ = std::make_unique<IndexKeeper>(rooms_, kinds_, std::move(options));
  if (meaning) {
    meanings_ = std::make_unique<Meanings>(rooms_, kinds_,
                                           MeaningPlace{.directory = directory_,
                                                        .shared = shared_,
                                                        .leads = &leads_,
                                                        .open_another = std::move(open_another)},
                                           std::move(*meaning));
  }
}

Search::~Search() {
  stop();
}

void Search::add(Kind kind) {
  kinds_.push_back(std::move(kind));
}

std::vector<std::string> Search::fields() const {
  std::vector<std::string> fields = {"tag", "type"};
  for (const auto& kind : kinds_) {
    for (const auto& field : kind.fields) {
      if (std::ranges::find(fields, field) == fields.end()) fields.push_back(field);
    }
  }
  return fields;
}

std::optional<std::vector<std::string>> Search::values_of(const std::string& field) const {
  std::optional<std::vector<std::string>> all;
  for (const auto& kind : kinds_) {
    if (std::ranges::find(kind.fields, field) == kind.fields.end()) continue;
    const auto its = kind.values.find(field);
    if (its == kind.values.end()) return std::nullopt;
    if (!all) all.emplace();
    for (const auto& value : its->second) {
      if (std::ranges::find(*all, value) == all->end()) all->push_back(value);
    }
  }
  return all;
}

void Search::start() {
  if (shared_ != nullptr) background_.begin(remove_files());
  background_.begin(words_->run(background_.token()));
  if (meanings_ != nullptr) meanings_->start();
}

void Search::lead() {
  leads_.raise(1);
}

// Of a version whose nodes had indexes each: all that are in the directory.
Task<void> Search::remove_files() {
  DirectoryPlace all({.directory = directory_, .family = "", .prefix = "", .open = {}});
  const auto names = co_await all.names();
  if (!names) co_return;
  for (const auto& name : *names) std::ignore = co_await all.remove(name);
}

void Search::stop() {
  if (meanings_ != nullptr) meanings_->stop();
  background_.stop();
}

std::string Search::version() const {
  auto all = analysis::version() + "\n" + std::string(kStreamsVersion);
  for (const auto& kind : kinds_) all += fmt::format("\n{}\n{}", kind.name, kind.version);
  return to_hex(sha256(all)).substr(0, 12);
}

Watermark& Search::indexed() {
  return words_->indexed();
}

std::int64_t Search::lag() const {
  return words_->lag();
}

IndexKeeper::Progress Search::progress() const {
  return words_->progress();
}

Task<Result<Found>> Search::find(std::string user_id, Ask ask) {
  const auto index = co_await opened();
  if (index == nullptr) co_return fail(words_->unavailable());
  // Before it is read: what is told must not be less than what was missing.
  const bool is_being_made = !words_->progress().is_complete && words_->lag() > 0;
  auto found = co_await find_in(index, user_id, ask);
  if (found && is_being_made) {
    found->is_being_made = true;
    found->total.reset();
  }
  co_return found;
}

Task<Result<Found>> Search::find_in(std::shared_ptr<Index> index, const std::string& user_id,
                                    const Ask& ask) {
  std::string reason;
  if (ask.mode != Mode::kText && meanings_ != nullptr) {
    const bool is_asked_for = ask.mode.has_value();
    auto answer = co_await find_by_meaning(index, user_id, ask);
    if (!answer.unmeant) co_return std::move(answer.found);
    if (ask.after_index) {
      co_return fail(
          Code::kServiceUnavailable,
          fmt::format("This answer cannot be gone on with now: {}", answer.unmeant->message));
    }
    // Where nobody asked for meaning, that there is no model is no news.
    if (is_asked_for || answer.unmeant->code != Code::kNotFound) reason = answer.unmeant->message;
  } else if (ask.mode.value_or(Mode::kText) != Mode::kText) {
    reason = "this pod searches by words only";
  }
  auto found = co_await index->read([&](IndexTx& in) { return search::find(in, user_id, ask); });
  if (!found) co_return fail(words_->read_failed(found.error()));
  found->mode_reason = std::move(reason);
  co_return found;
}

Task<Search::ByMeaningAnswer> Search::find_by_meaning(std::shared_ptr<Index> index,
                                                      const std::string& user_id, const Ask& ask) {
  auto text = meant_text(ask.items);
  if (text.empty()) {
    co_return ByMeaningAnswer{
        .found = {}, .unmeant = Error{Code::kNotFound, "filters alone have no meaning", nullptr}};
  }
  // Both at once: the vector of the query, and what has its words.
  Result<Candidates> candidates;
  Result<Meanings::Look> look;
  const auto patience = ask.after_index ? kFurtherPatience : meanings_->options().patience;
  const auto by_words = [&]() -> Task<bool> {
    candidates = co_await index->read([&](IndexTx& in) { return candidates_of(in, user_id, ask); });
    co_return true;
  };
  const auto by_meaning = [&]() -> Task<bool> {
    look =
        co_await meanings_->look(user_id, Meanings::Query{std::move(text), ask.key_id}, patience);
    co_return true;
  };
  std::vector<Task<bool>> both;
  both.push_back(by_words());
  both.push_back(by_meaning());
  std::ignore = co_await when_all(std::move(both));
  if (!candidates)
    co_return ByMeaningAnswer{.found = fail(words_->read_failed(candidates.error()))};
  if (!look) co_return ByMeaningAnswer{.found = {}, .unmeant = look.error()};
  co_return co_await answer(index, ask, *candidates, std::move(*look));
}

Task<Result<std::vector<Suggestion>>> Search::suggest(std::string user_id, std::string beginning,
                                                      int limit) {
  const auto index = co_await opened();
  if (index == nullptr) co_return fail(words_->unavailable());
  auto found = co_await index->read(
      [&](IndexTx& in) { return search::suggest(in.tx, user_id, beginning, limit); });
  if (!found) co_return fail(words_->read_failed(found.error()));
  co_return found;
}

Task<Result<std::vector<LanguageCount>>> Search::languages(std::string user_id) {
  const auto index = co_await opened();
  if (index == nullptr) co_return fail(words_->unavailable());
  auto counted = co_await index->read([&](IndexTx& in) { return languages_of(in.tx, user_id); });
  if (!counted) co_return fail(words_->read_failed(counted.error()));
  co_return counted;
}

Task<Result<Status>> Search::status(std::string user_id) {
  Status status;
  status.end = rooms_.log.end().value();
  const auto index = serving();
  const auto progress = words_->progress();
  status.error = progress.error;
  status.next_position = progress.next_position;
  status.position = std::min(progress.position, status.end);
  if (meanings_ != nullptr) {
    auto meaning = co_await meanings_->status(user_id);
    // Words answer, whatever is the matter with the other index.
    if (meaning) {
      status.meaning = std::move(*meaning);
    } else {
      status.meaning = MeaningStatus{
          .model = "", .models = {}, .problem = meaning.error().message, .query_problem = ""};
    }
  }
  if (index == nullptr) co_return status;
  auto counted = co_await index->read([&](IndexTx& in) { return count_documents(in.tx, user_id); });
  if (!counted) co_return fail(words_->read_failed(counted.error()));
  status.documents = *counted;
  co_return status;
}

}  // namespace synap::search
