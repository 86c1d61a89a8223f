#include "agents/procedure_search.h"

#include <algorithm>
#include <string>
#include <utility>

namespace synap::agents {
namespace {

constexpr std::size_t kWordsMax = 20;
constexpr int kFitOfPath = 1'000;

std::vector<std::string> words_of(std::string_view query) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    // A plural finds its singular, and the other way around.
    if (word.size() > 3 && word.ends_with('s')) word.pop_back();
    if (word.size() > 2 && words.size() < kWordsMax) words.push_back(word);
    word.clear();
  };
  for (const char one : query) {
    const bool is_letter = (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z');
    if (is_letter) {
      word.push_back(static_cast<char>(one | 0x20));
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

std::string in_small_letters(std::string text) {
  for (char& one : text) {
    if (one >= 'A' && one <= 'Z') one = static_cast<char>(one | 0x20);
  }
  return text;
}

// How well it is what these words ask for.
int fit_of(const rpc::Procedure& procedure, const std::vector<std::string>& words) {
  const auto path = in_small_letters(procedure.path);
  const auto summary = in_small_letters(procedure.meta.summary);
  const auto docs = in_small_letters(procedure.meta.docs);
  int fit = 0;
  for (const auto& word : words) {
    if (path.contains(word)) {
      fit += 5;
    } else if (summary.contains(word)) {
      fit += 3;
    } else if (docs.contains(word)) {
      fit += 1;
    }
  }
  return fit;
}

}  // namespace

std::vector<const rpc::Procedure*> best_fitting(const std::vector<const rpc::Procedure*>& all,
                                                std::string_view query) {
  const auto words = words_of(query);
  if (words.empty()) return all;
  std::vector<std::pair<int, const rpc::Procedure*>> fitting;
  for (const auto* procedure : all) {
    const auto fit = procedure->path == query ? kFitOfPath : fit_of(*procedure, words);
    if (fit > 0) fitting.emplace_back(fit, procedure);
  }
  std::ranges::sort(fitting, [](const auto& one, const auto& other) {
    if (one.first != other.first) return one.first > other.first;
    return one.second->path < other.second->path;
  });
  std::vector<const rpc::Procedure*> found;
  found.reserve(fitting.size());
  for (const auto& [fit, procedure] : fitting) found.push_back(procedure);
  return found;
}

}  // namespace synap::agents
