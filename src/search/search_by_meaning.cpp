#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "base/crypto.h"
#include "search/search.h"
#include "search/shower.h"

namespace synap::search {
namespace {

// Nobody waits for a word here: it may take a moment.
constexpr std::chrono::milliseconds kSimilarPatience(5'000);

// Which index places are of: another one has other scores.
std::uint32_t number_of(const VectorIndex& index) {
  const auto hash = sha256(fmt::format("{} {}", index.model(), index.dimension()));
  std::uint32_t number = 0;
  std::memcpy(&number, hash.data(), sizeof number);
  return number;
}

ByMeaning by_meaning(const Near& near) {
  return {near.entity, near.passage, near.cosine};
}

Meant meant_of(const Meanings::Seen& seen, const VectorIndex& index) {
  Meant meant{.nearest = {}, .of_words = {}, .usual = {}};
  meant.usual = usual_of(seen.background, {index.unrelated().mean, index.unrelated().deviation});
  for (const auto& near : seen.nearest) meant.nearest.push_back(by_meaning(near));
  for (const auto& near : seen.others) {
    if (near) meant.of_words.emplace(near->entity, by_meaning(*near));
  }
  return meant;
}

// Words answer then. Of a mistake the log says more.
Error unmeant_by(const Error& error) {
  if (error.code != Code::kInternalServerError) return error;
  return {Code::kServiceUnavailable, "the index of meanings cannot be asked now", nullptr};
}

Error incomparable(const Error& error) {
  const bool has_none = error.code == Code::kNotFound;
  return {has_none ? Code::kPreconditionFailed : Code::kServiceUnavailable,
          fmt::format("Nothing can be compared by its meaning now: {}", error.message), nullptr};
}

// A thing that a user has, with what types may be found beside it.
struct Whose {
  bool is_his = false;
  Candidates candidates;
};

Whose look_up(IndexTx& in, std::string_view user_id, const SimilarAsk& ask) {
  Whose whose;
  whose.candidates.from = std::numeric_limits<std::int64_t>::min();
  whose.candidates.to = std::numeric_limits<std::int64_t>::max();
  if (!ask.types.empty()) {
    whose.candidates = candidates_of(in, user_id, {.mode = Mode::kSemantic, .types = ask.types});
  } else {
    whose.candidates.reading = library_alone(in.tx, user_id);
  }
  auto rows = in.tx.query("SELECT place FROM documents WHERE entity = $1", ask.entity);
  whose.is_his = rows.next() && whose.candidates.reading.library.has(rows.integer(0));
  return whose;
}

}  // namespace

Task<Search::ByMeaningAnswer> Search::answer(std::shared_ptr<Index> index, const Ask& ask,
                                             const Candidates& candidates, Meanings::Look look) {
  const auto number = number_of(*look.index);
  if (ask.after_index && *ask.after_index != number) {
    co_return ByMeaningAnswer{
        .found = fail(Code::kBadRequest,
                      "cursor: it is of an answer by another model; ask without it, from the "
                      "beginning")};
  }
  // Shared, as the scan goes on where nobody waits for it any more.
  auto shared = std::make_shared<const Candidates>(candidates);
  // Where each of those that are near has to be asked for, more are looked at.
  const bool are_checked = candidates.are_to_be_checked;
  Meanings::Asked asked{.count = are_checked ? ask.checked_max : kByMeaningMax,
                        .rules = std::move(shared)};
  for (const auto& one : candidates.by_words) asked.others.push_back(one.entity);
  const auto seen = co_await meanings_->see(look, std::move(asked));
  if (!seen) co_return ByMeaningAnswer{.found = {}, .unmeant = unmeant_by(seen.error())};
  const auto meant = meant_of(*seen, *look.index);
  auto choice =
      co_await index->read([&](IndexTx& in) { return choose(in, candidates, meant, ask); });
  if (!choice) co_return ByMeaningAnswer{.found = fail(words_->read_failed(choice.error()))};
  const auto count = choice->count;
  std::vector<std::int64_t> passages;
  for (const auto& one : choice->chosen) passages.push_back(one.passage);
  const auto places = co_await meanings_->places(look, std::move(passages));
  if (!places) co_return ByMeaningAnswer{.found = {}, .unmeant = unmeant_by(places.error())};
  auto found = co_await show(index, candidates.reading, std::move(*choice), *places);
  if (!found) co_return ByMeaningAnswer{.found = fail(found.error())};
  found->unmatched = candidates.reading.unmatched;
  found->mode_reason = look.note;
  found->mode = ask.mode == Mode::kSemantic ? Mode::kSemantic : Mode::kHybrid;
  found->index = number;
  const bool is_cut = are_checked && seen->nearest.size() >= ask.checked_max;
  const bool is_partial = is_cut || (ask.mode != Mode::kSemantic && !candidates.ranked.total);
  if (!is_partial) found->total = count;
  co_return ByMeaningAnswer{.found = std::move(found)};
}

// What the chosen ones look like.
Task<Result<Found>> Search::show(std::shared_ptr<Index> index, const Reading& reading,
                                 Choice choice,
                                 const std::vector<std::optional<PassagePlace>>& places) {
  auto found = co_await index->read([&](IndexTx& in) {
    Found found{.mode_reason = {}, .hits = {}, .next = choice.next, .total = {}};
    Shower shower(in.tx, reading);
    for (std::size_t i = 0; i < choice.chosen.size(); ++i) {
      found.hits.push_back(choice.chosen[i].hit);
      shower.fill(found.hits.back(), places[i]);
    }
    std::erase_if(found.hits, [](const Hit& hit) { return hit.type.empty(); });
    return found;
  });
  if (!found) co_return fail(words_->read_failed(found.error()));
  co_return found;
}

Task<Result<Meanings::Look>> Search::look_from(const std::string& user_id, Uuid entity) {
  auto look = co_await meanings_->look(user_id, std::nullopt, kSimilarPatience);
  if (!look) {
    co_return fail(incomparable(look.error()));
  }
  auto vector = co_await meanings_->vector_of(*look, entity);
  if (!vector) co_return fail(vector.error());
  if (!*vector) {
    co_return fail(Code::kServiceUnavailable,
                   "This is not in the index of meanings yet; try again in a moment");
  }
  look->query = std::move(**vector);
  co_return look;
}

Task<Result<Found>> Search::similar(std::string user_id, SimilarAsk ask) {
  const auto index = co_await opened();
  if (index == nullptr) co_return fail(words_->unavailable());
  auto whose = co_await index->read([&](IndexTx& in) { return look_up(in, user_id, ask); });
  if (!whose) co_return fail(words_->read_failed(whose.error()));
  if (!whose->is_his) co_return fail(Code::kNotFound, "There is no such thing");
  if (meanings_ == nullptr) {
    co_return fail(Code::kPreconditionFailed, "This pod searches by words only");
  }
  auto look = co_await look_from(user_id, ask.entity);
  if (!look) co_return fail(look.error());
  // What says nothing is near to nothing.
  if (look->query.empty()) co_return Found{.mode = Mode::kSemantic, .mode_reason = look->note};
  whose->candidates.never.insert(ask.entity);
  const Ask asked{.mode = Mode::kSemantic, .limit = ask.limit};
  auto answered = co_await answer(index, asked, whose->candidates, std::move(*look));
  if (answered.unmeant) co_return fail(incomparable(*answered.unmeant));
  if (answered.found) answered.found->next.reset();
  co_return std::move(answered.found);
}

}  // namespace synap::search
