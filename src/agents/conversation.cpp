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

using Messages = std::vector<models::Message>;

bool is_system(const models::Message& one) {
  return one.role == "system";
}

// Behind the last that a person has said.
Messages::iterator behind_question(Messages& messages) {
  return std::ranges::find(messages.rbegin(), messages.rend(), "user", &models::Message::role)
      .base();
}

// The oldest of [from, to), with the answers of tools to its calls; says how many messages it was.
std::size_t leave_out_oldest(Messages& messages, Messages::iterator from, Messages::iterator to) {
  auto behind = from + 1;
  while (behind != to && behind->role == "tool") ++behind;
  const auto count = static_cast<std::size_t>(behind - from);
  messages.erase(from, behind);
  return count;
}

// Not the first: a model without its instructions, and the rule on data among them, is another one.
bool shorten_longest(Messages& messages) {
  constexpr std::size_t kShortest = 512;
  const bool has_instructions = !messages.empty() && is_system(messages.front());
  const auto longest =
      std::max_element(messages.begin() + (has_instructions ? 1 : 0), messages.end(),
                       [](const auto& a, const auto& b) {
                         return (a.text ? a.text->size() : 0) < (b.text ? b.text->size() : 0);
                       });
  if (longest == messages.end() || !longest->text || longest->text->size() <= kShortest) {
    return false;
  }
  auto text = shortened(*longest->text, longest->text->size() / 2);
  // A mark that was open is closed again.
  const auto begun = text.rfind("<data ");
  const auto ended = text.rfind("</data>");
  if (begun != std::string::npos && (ended == std::string::npos || ended < begun)) {
    text += "\n</data>";
  }
  longest->text = std::move(text);
  return true;
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
  const auto is_too_much = [&] { return models::estimated_tokens(ask) > tokens_max; };
  if (!is_too_much()) return;
  auto& messages = ask.messages;
  const bool has_no_tools = leave_out_tools(ask, tokens_max);
  std::size_t left_out = 0;
  while (is_too_much()) {
    const auto oldest = std::ranges::find_if_not(messages, is_system);
    const auto question = behind_question(messages);
    if (oldest == messages.end() || oldest + 1 >= question) break;
    left_out += leave_out_oldest(messages, oldest, messages.end());
  }
  while (is_too_much() && shorten_longest(messages)) continue;
  // What the model has called since the question, but for its last calls.
  while (is_too_much()) {
    const auto last =
        std::ranges::find_if(messages.rbegin(), messages.rend(), [](const models::Message& one) {
          return one.role != "tool";
        }).base();
    const auto oldest = behind_question(messages);
    if (oldest == messages.begin() || last == messages.begin() || oldest >= last - 1) break;
    left_out += leave_out_oldest(messages, oldest, messages.end());
  }
  const auto behind_system = std::ranges::find_if_not(messages, is_system);
  if (behind_system == messages.begin()) return;
  // Behind the passages, so that what stands before them is the same as ever.
  auto& last = *(behind_system - 1);
  auto note = last.text.value_or("");
  if (left_out > 0) {
    note += fmt::format("\n[{} earlier messages are left out: they would not fit.]", left_out);
  }
  if (has_no_tools) {
    note += "\n[You have no tools: they would not fit. Say so where you would need them.]";
  }
  last.text = std::move(note);
}

}  // namespace synap::agents
