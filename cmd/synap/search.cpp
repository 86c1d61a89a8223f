// `synap search WORDS`: what search.query finds.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "synap/commands.h"
#include "synap/output.h"
#include "synap/pod_client.h"
#include "synap/table.h"
#include "synap/terminal.h"

namespace synap::cli {
namespace {

constexpr std::int64_t kPageMax = 100;  // of search.query

struct SearchOptions {
  ClientOptions client;
  std::vector<std::string> words;
  std::vector<std::string> types;
  std::vector<std::string> tags;
  std::optional<std::string> project;
  std::optional<std::string> status;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::string> mode;
  std::int64_t limit = 20;
};

Json array_of(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const auto& text : texts) array.push_back(text);
  return array;
}

Json input_of(const SearchOptions& options) {
  Json input = Json::object({{"q", fmt::format("{}", fmt::join(options.words, " "))}});
  if (!options.types.empty()) input.set("types", array_of(options.types));
  if (!options.tags.empty()) input.set("tags", array_of(options.tags));
  if (options.mode) input.set("mode", *options.mode);
  Json filters = Json::object();
  if (options.project) filters.set("project", *options.project);
  if (options.status) filters.set("status", *options.status);
  if (options.from) filters.set("from", *options.from);
  if (options.to) filters.set("to", *options.to);
  if (!filters.as_object().empty()) input.set("filters", std::move(filters));
  return input;
}

std::string snippet_of(const Json& hit) {
  std::string text;
  const Json* parts = hit.find("snippet");
  if (parts == nullptr || !parts->is_array()) return text;
  for (const auto& part : parts->as_array()) text += part.string_or("text", "");
  return text;
}

// As people call it: of a type of one's own that.
std::string_view type_of(const Json& hit) {
  return hit.string_or("type", hit.string_or("entityType", ""));
}

// A line each, a tab between two: for other programs.
std::string line_of(const Json& hit) {
  return fmt::format("{}\t{}\t{}\t{}", hit.string_or("entityId", ""), type_of(hit),
                     printable(hit.string_or("title", "")), printable(snippet_of(hit)));
}

void show(const std::vector<Json>& hits, bool is_json) {
  if (is_json) {
    for (const auto& hit : hits) print_json(hit);
    return;
  }
  if (!is_terminal()) {
    for (const auto& hit : hits) print_line(line_of(hit));
    return;
  }
  Table table({{.heading = "TITLE"},
               {.heading = "TYPE", .is_fixed = true},
               {.heading = "ID", .is_fixed = true},
               {.heading = "WHERE"}});
  for (const auto& hit : hits) {
    table.add({{std::string(hit.string_or("title", ""))},
               {std::string(type_of(hit)), Colour::kFaint},
               {short_id(hit.string_or("entityId", "")), Colour::kFaint},
               {snippet_of(hit)}});
  }
  table.show("hits");
}

std::int64_t integer_in(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value != nullptr && value->is_integer() ? value->as_integer() : 0;
}

// What is missing, and why: of an index that is being made more than what came just now.
void tell_missing(const Json& answer) {
  if (const Json* building = answer.find("building")) {
    const auto position = integer_in(*building, "position");
    const auto end = std::max<std::int64_t>(integer_in(*building, "end"), 1);
    return tell(
        fmt::format("the search index is being made: {} % of the events are in it, and what is "
                    "in the others is not found yet",
                    100 * position / end));
  }
  if (const auto lag = integer_in(answer, "lag"); lag > 0) {
    tell(fmt::format("{} events are not in the index yet", lag));
  }
  const Json* partial = answer.find("partial");
  if (partial != nullptr && partial->is_bool() && partial->as_bool()) {
    tell("partial: words or filters of this are in so many texts that not all were looked at");
  }
}

// What the hits do not say: that there are more, or that some may be missing.
void tell_rest(const Json& answer, std::size_t shown) {
  if (const Json* notices = answer.find("notices"); notices != nullptr && notices->is_array()) {
    for (const auto& notice : notices->as_array()) {
      if (notice.is_string()) tell(notice.as_string());
    }
  }
  if (const auto reason = answer.string_or("modeReason", ""); !reason.empty()) {
    tell(fmt::format("by {}: {}", answer.string_or("mode", ""), printable(reason)));
  }
  tell_missing(answer);
  if (answer.find("nextCursor") == nullptr) return;
  const Json* total = answer.find("total");
  tell(fmt::format("{} are shown{}; --limit {} shows more", shown,
                   total != nullptr && total->is_integer()
                       ? fmt::format(" of {}", total->as_integer())
                       : ", and there are more",
                   shown * 10));
}

// Where it is wrong is seen, and need not be counted.
int report_refused(const Error& error, const SearchOptions& options, std::string query) {
  const bool has_place =
      error.details != nullptr && error.details->string_or("reason", "") == "SEARCH_SYNTAX";
  if (options.client.is_json || !has_place) return report(error, options.client.is_json);
  const auto behind = error.message.find(": ");
  tell(behind != error.message.npos ? error.message.substr(behind + 2) : error.message);
  std::ranges::replace_if(query, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  const auto place = static_cast<std::size_t>(integer_in(*error.details, "position"));
  print_error_text(with_caret(printable(query), place, terminal_width()));
  return exit_code_of(error.code);
}

int search(const SearchOptions& options) {
  const bool is_json = options.client.is_json;
  auto pod = PodClient::make(options.client);
  if (!pod) return report(pod.error(), is_json);
  auto input = input_of(options);
  std::vector<Json> hits;
  Json answer;
  while (true) {
    const auto missing = options.limit - static_cast<std::int64_t>(hits.size());
    input.set("limit", std::min(missing, kPageMax));
    auto page = pod->query("search.query", input);
    if (!page) return report_refused(page.error(), options, std::string(input.string_or("q", "")));
    answer = std::move(*page);
    const Json* found = answer.find("hits");
    if (found == nullptr || !found->is_array()) break;
    hits.insert(hits.end(), found->as_array().begin(), found->as_array().end());
    const Json* next = answer.find("nextCursor");
    const bool is_enough = static_cast<std::int64_t>(hits.size()) >= options.limit;
    if (next == nullptr || found->as_array().empty() || is_enough) break;
    input.set("cursor", *next);
  }
  show(hits, is_json);
  tell_rest(answer, hits.size());
  return kExitOk;
}

}  // namespace

Command search_command() {
  auto options = std::make_shared<SearchOptions>();
  Command command{
      .words = "search",
      .docs =
          "Find notes, tasks and all else by their words: \"phrases\", prefix*, -exclusion, "
          "title:word, tag:name, type:task; and by their meaning, where the pod has a sentence "
          "model (synap model add). The best come first.",
      .example = "synap search 'garden \"old oak\" -draft' --type note",
      .options =
          {{.name = "WORDS",
            .docs = "What is looked for. With a minus or a quotation mark in it, all in one "
                    "pair of quotation marks of the shell; where the first word has the minus, "
                    "behind --.",
            .target = &options->words,
            .is_required = true},
           {"--type", "Only these: note, task, ...", &options->types},
           {"--tag", "Only what has all of these.", &options->tags},
           {"--project", "Only what is for this project, by its id.", &options->project},
           {"--status", "Only what has this status.", &options->status},
           {"--from", "Only what was changed then or later: 2026-01-31.", &options->from},
           {"--to", "Only what was changed before, or on that day.", &options->to},
           {"--mode",
            "text: by words; semantic: by meaning; hybrid: by both. Default: hybrid where "
            "there is a model.",
            &options->mode},
           {.name = "--limit", .docs = "So many at most.", .target = &options->limit, .least = 1}},
      .run = [options] { return search(*options); },
      .gives_way = true};
  for (auto& option : client_options(options->client)) command.options.push_back(option);
  return command;
}

}  // namespace synap::cli
