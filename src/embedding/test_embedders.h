// Embedders of which a test knows what they mean: each text is how much of each of a few subjects
// it is about, by its words. They can be slow, down, or answer what is no vector. Included by tests
// only.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/timer.h"
#include "embedding/embedders.h"

namespace synap::embedding::test {

/// What all embedders of a test do. Any thread.
struct Behaviour {
  /// Texts with this word wait until released() is called; "": none do.
  void hold(std::string word) {
    std::lock_guard lock(mutex);
    held = std::move(word);
    ++holds;
  }
  void release() {
    std::int64_t count = 0;
    {
      std::lock_guard lock(mutex);
      held.clear();
      count = holds;
    }
    released.raise(count);
  }
  std::int64_t hold_of(const std::vector<std::string>& texts) {
    std::lock_guard lock(mutex);
    const auto has = [&](const std::string& text) { return text.find(held) != text.npos; };
    return !held.empty() && std::ranges::any_of(texts, has) ? holds : 0;
  }

  /// As a provider names its model.
  void answer_as(std::string name) {
    std::lock_guard lock(mutex);
    answers_as = std::move(name);
  }
  std::string answerer() {
    std::lock_guard lock(mutex);
    return answers_as;
  }

  /// For whom texts were embedded.
  void note(const Payer& payer) {
    std::lock_guard lock(mutex);
    payers.push_back(payer);
  }
  std::vector<Payer> noted() {
    std::lock_guard lock(mutex);
    return payers;
  }

  std::mutex mutex;
  std::vector<Payer> payers;
  std::string answers_as;
  std::string held;
  std::int64_t holds = 0;
  Watermark released;
  Watermark waiting;  // how many texts have come to a hold
  std::atomic<bool> is_down = false;
  std::atomic<bool> has_no_budget = false;
  std::atomic<bool> answers_nan = false;
  std::atomic<bool> answers_short = false;
  std::atomic<int> embedded = 0;  // texts of the index, so behind Embedders::open
};

class SubjectEmbedder final : public Embedder {
 public:
  static constexpr std::size_t kDimension = 64;

  SubjectEmbedder(std::string model, std::shared_ptr<Behaviour> behaviour)
      : model_(std::move(model)), behaviour_(std::move(behaviour)) {}

  const std::string& model() const override { return model_; }
  std::size_t dimension() const override { return kDimension; }
  std::size_t tokens_max() const override { return 64; }
  std::size_t count_tokens(std::string_view text) const override {
    return words_of(text).size() + 2;
  }
  Task<Result<Embedded>> embed(Ask ask) override {
    if (behaviour_->is_down) co_return fail(Code::kServiceUnavailable, "the embedder is down");
    if (behaviour_->has_no_budget && !ask.payer.user_id.empty() && !ask.payer.is_only_counted) {
      co_return fail(Code::kPaymentRequired, "the budget is used up");
    }
    if (!ask.payer.user_id.empty()) behaviour_->note(ask.payer);
    auto by = behaviour_->answerer();
    if (const auto hold = behaviour_->hold_of(ask.texts); hold > 0) {
      behaviour_->waiting.raise(behaviour_->waiting.value() + 1);
      co_await behaviour_->released.wait_past(hold - 1);
    }
    Embedded embedded{.vectors = {}, .answered_by = std::move(by)};
    auto& vectors = embedded.vectors;
    for (const auto& text : ask.texts) {
      vectors.push_back(vector_of(text));
      ++behaviour_->embedded;
    }
    if (behaviour_->answers_nan) vectors.back().front() = std::nanf("");
    if (behaviour_->answers_short) vectors.back().pop_back();
    co_return embedded;
  }

  static std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : std::string(text) + " ") {
      const auto lower = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
      if (lower >= 'a' && lower <= 'z') {
        word += lower;
      } else if (!word.empty()) {
        words.push_back(std::exchange(word, ""));
      }
    }
    return words;
  }
  /// The first dimensions are subjects; each other word is one of the others, by chance.
  static Vector vector_of(std::string_view text) {
    static const std::map<std::string, std::size_t> subjects = {
        {"cat", 0},     {"kitty", 0},   {"pet", 0},    {"bicycle", 1}, {"bike", 1},
        {"cycling", 1}, {"bread", 2},   {"loaf", 2},   {"baking", 2},  {"money", 3},
        {"income", 3},  {"revenue", 3}, {"garden", 4}, {"flowers", 4}};
    constexpr std::size_t kSubjects = 5;
    Vector vector(kDimension, 0.01F);
    for (const auto& word : words_of(text)) {
      const auto at = subjects.find(word);
      if (at != subjects.end()) {
        vector[at->second] += 3;
      } else if (word.size() > 3) {
        vector[kSubjects + std::hash<std::string>{}(word) % (kDimension - kSubjects)] += 1;
      }
    }
    float square = 0;
    for (const float value : vector) square += value * value;
    for (auto& value : vector) value /= std::sqrt(square);
    return vector;
  }

 private:
  const std::string model_;
  const std::shared_ptr<Behaviour> behaviour_;
};

class SubjectEmbedders final : public Embedders {
 public:
  explicit SubjectEmbedders(std::vector<std::string> models = {"subjects"})
      : models_(std::move(models)) {}

  Result<std::string> chosen() override {
    std::lock_guard lock(mutex_);
    if (models_.empty()) return fail(Code::kNotFound, "there is no sentence model");
    return models_.front();
  }
  std::vector<std::string> models() override {
    std::lock_guard lock(mutex_);
    return models_;
  }
  Result<std::shared_ptr<Embedder>> open(const std::string& model, Executor&) override {
    std::lock_guard lock(mutex_);
    if (broken_.contains(model)) {
      return fail(Code::kUnprocessableContent, "the model's file is damaged");
    }
    if (std::ranges::find(models_, model) == models_.end()) {
      return fail(Code::kNotFound, "there is no such model");
    }
    return std::make_shared<SubjectEmbedder>(model, behaviour);
  }

  void set(std::vector<std::string> models) {
    std::lock_guard lock(mutex_);
    models_ = std::move(models);
  }
  void damage(std::string model) {
    std::lock_guard lock(mutex_);
    broken_.insert(std::move(model));
  }

  const std::shared_ptr<Behaviour> behaviour = std::make_shared<Behaviour>();

 private:
  std::mutex mutex_;
  std::vector<std::string> models_;  // the first is chosen
  std::set<std::string> broken_;
};

}  // namespace synap::embedding::test
