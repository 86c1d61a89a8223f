#include "agents/conversation.h"

#include <fmt/format.h>

#include <algorithm>

#include "agents/data_marks.h"

namespace synap::agents {
namespace {

// Where so little would be left beside them that nothing could be answered: a model of a small
// context answers from passages alone.
bool leave_out_tools(models::Ask& ask, std::int64_t tokens_max) {
  if (ask.tools.empty() || ask.tool_choice) return false;
  models::Ask alone;
  alone.tools = std::move(ask.tools);
  const bool is_too_much = models::estimated_tokens(alone) * 4 > tokens_max * 3;
  if (!is_too_much) ask.tools = std::move(alone.tools);
  return is_too_much;
}

}  // namespace

models::Message message(std::string role, std::string text) {
  models::Message made;
  made.role = std::move(role);
  made.text = std::move(text);
  return made;
}

models::Message message_of(const models::Answer& answer, std::int64_t calls_max) {
  auto made = message("assistant", answer.text);
  made.tool_calls = answer.tool_calls;
  if (made.tool_calls.size() > static_cast<std::size_t>(calls_max)) {
    made.tool_calls.resize(static_cast<std::size_t>(calls_max));
  }
  // It is asked with them again: what is no JSON is refused by some providers.
  for (auto& call : made.tool_calls) {
    if (!call.input) call.arguments = "{}";
  }
  return made;
}

std::vector<models::Message> messages_of(const std::vector<ToolDone>& done, std::size_t left_out) {
  std::vector<models::Message> all;
  for (const auto& one : done) {
    auto made = message("tool", as_data("tool", one.name, one.text));
    made.tool_call_id = one.id;
    all.push_back(std::move(made));
  }
  if (left_out > 0 && !all.empty()) {
    *all.back().text += fmt::format(
        "\nThe answer asked for {} more calls, which were not made: at most {} are in one answer.",
        left_out, done.size());
  }
  return all;
}

void fit(models::Ask& ask, std::int64_t tokens_max) {
  const auto tokens = [&ask] { return models::estimated_tokens(ask); };
  if (tokens() <= tokens_max) return;
  auto& messages = ask.messages;
  const bool has_no_tools = leave_out_tools(ask, tokens_max);
  std::size_t left_out = 0;
  const auto is_system = [](const models::Message& one) { return one.role == "system"; };
  while (tokens() > tokens_max) {
    const auto oldest = std::ranges::find_if_not(messages, is_system);
    // The last that a person has said stays, with all behind it.
    const auto behind_last =
        std::ranges::find(messages.rbegin(), messages.rend(), "user", &models::Message::role)
            .base();
    if (oldest == messages.end() || oldest + 1 >= behind_last) break;
    auto behind = oldest + 1;
    while (behind != messages.end() && behind->role == "tool") ++behind;
    left_out += static_cast<std::size_t>(behind - oldest);
    messages.erase(oldest, behind);
  }
  // What is left is shortened, the longest first, halves at a time.
  constexpr std::size_t kShortest = 512;
  while (tokens() > tokens_max) {
    auto longest = std::ranges::max_element(
        messages, {}, [](const models::Message& one) { return one.text ? one.text->size() : 0; });
    if (longest == messages.end() || !longest->text || longest->text->size() <= kShortest) break;
    auto text = shortened(*longest->text, longest->text->size() / 2);
    // A mark that was open is closed again.
    if (longest->text->ends_with("</data>")) text += "\n</data>";
    longest->text = std::move(text);
  }
  if (messages.empty() || !is_system(messages.front()) || !messages.front().text) return;
  auto& instructions = *messages.front().text;
  if (left_out > 0) {
    instructions +=
        fmt::format("\n[{} earlier messages are left out: they would not fit.]", left_out);
  }
  if (has_no_tools) {
    instructions += "\n[You have no tools: they would not fit. Say so where you would need them.]";
  }
}

}  // namespace synap::agents
